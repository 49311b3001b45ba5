//! A serde deserializer that reads typed settings from a tree.

use std::slice::Iter;

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{StrDeserializer, StringDeserializer},
    },
};

use super::{
    error::SettingsError,
    scalar::{Meaning, resolve},
    suggest,
    tree::{Key, Node, Scalar, Value},
};

type Result<T> = std::result::Result<T, SettingsError>;

/// Settings of type `T` from a tree.
///
/// # Errors
/// The first value that does not fit `T`, with its origin and key.
pub fn from_tree<T: serde::de::DeserializeOwned>(root: &Node) -> Result<T> {
    T::deserialize(NodeDeserializer(root))
}

#[derive(Clone, Copy)]
struct NodeDeserializer<'a>(&'a Node);

impl<'a> NodeDeserializer<'a> {
    fn wrong_type<T>(self, expected: &str) -> Result<T> {
        let found = found(&self.0.value);
        Err(SettingsError::plain(format!("expected {expected}, found {found}")).at(&self.0.origin))
    }

    fn locate<T>(self, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.at(&self.0.origin))
    }

    fn meaning(self) -> Option<Meaning> {
        match &self.0.value {
            Value::Scalar(scalar) => Some(scalar.meaning),
            _ => None,
        }
    }

    fn text(self) -> Option<&'a str> {
        match &self.0.value {
            Value::Scalar(scalar) if scalar.meaning != Meaning::Null => Some(&scalar.text),
            _ => None,
        }
    }
}

/// The description of `value` that follows `found` in an error message.
pub fn found(value: &Value) -> String {
    match value {
        Value::Map(_) => "a mapping".into(),
        Value::List(_) => "a list".into(),
        Value::Scalar(Scalar { meaning: Meaning::Null, .. }) => "nothing".into(),
        Value::Scalar(Scalar { meaning: Meaning::Unclear(advice), text }) => format!("`{text}`, {advice}"),
        Value::Scalar(Scalar { meaning: Meaning::Text, text }) if resolve(text) != Meaning::Text => {
            format!("the quoted text `{text}`; remove the quotes")
        }
        Value::Scalar(Scalar { text, .. }) => format!("`{text}`"),
    }
}

macro_rules! whole_numbers {
    ($($method:ident $type:ty, $visit:ident, $expected:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.meaning() {
                Some(Meaning::Int(value)) => match <$type>::try_from(value) {
                    Ok(value) => self.locate(visitor.$visit(value)),
                    Err(_) => self.wrong_type($expected),
                },
                _ => self.wrong_type($expected),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for NodeDeserializer<'de> {
    type Error = SettingsError;

    whole_numbers! {
        deserialize_u8 u8, visit_u8, "a whole number from 0 to 255";
        deserialize_u16 u16, visit_u16, "a whole number from 0 to 65535";
        deserialize_u32 u32, visit_u32, "a whole number, 0 or more";
        deserialize_u64 u64, visit_u64, "a whole number, 0 or more";
        deserialize_u128 u128, visit_u128, "a whole number, 0 or more";
        deserialize_i8 i8, visit_i8, "a whole number from -128 to 127";
        deserialize_i16 i16, visit_i16, "a whole number from -32768 to 32767";
        deserialize_i32 i32, visit_i32, "a whole number";
        deserialize_i64 i64, visit_i64, "a whole number";
        deserialize_i128 i128, visit_i128, "a whole number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.meaning() {
            Some(Meaning::Null) => self.locate(visitor.visit_unit()),
            Some(Meaning::Bool(_)) => self.deserialize_bool(visitor),
            Some(Meaning::Int(value)) if i64::try_from(value).is_ok() => self.deserialize_i64(visitor),
            Some(Meaning::Int(_)) => self.deserialize_u64(visitor),
            Some(Meaning::Float(_)) => self.deserialize_f64(visitor),
            Some(Meaning::Text) => self.deserialize_str(visitor),
            Some(Meaning::Unclear(_)) => self.wrong_type("a value that all readers of YAML agree on"),
            None if matches!(self.0.value, Value::List(_)) => self.deserialize_seq(visitor),
            None => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.meaning() {
            Some(Meaning::Bool(value)) => self.locate(visitor.visit_bool(value)),
            _ => self.wrong_type("true or false"),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.meaning() {
            Some(Meaning::Float(value)) => self.locate(visitor.visit_f64(value)),
            #[allow(clippy::cast_precision_loss, reason = "the nearest float is intended")]
            Some(Meaning::Int(value)) => self.locate(visitor.visit_f64(value as f64)),
            _ => self.wrong_type("a number"),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.text() {
            Some(text) => self.locate(visitor.visit_borrowed_str(text)),
            None => self.wrong_type("text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.meaning() {
            Some(Meaning::Null) => self.locate(visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.meaning() {
            Some(Meaning::Null) => self.locate(visitor.visit_unit()),
            _ => self.wrong_type("null"),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match &self.0.value {
            Value::List(nodes) => self.locate(visitor.visit_seq(ListAccess { nodes: nodes.iter(), next: 0 })),
            _ => self.wrong_type("a list"),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match &self.0.value {
            Value::Map(entries) => {
                self.locate(visitor.visit_map(EntryAccess { entries: entries.iter(), current: None }))
            }
            _ => self.wrong_type("a mapping of keys to values"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        choices: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let expected = format!("one of {}", choices.join(", "));
        match self.text() {
            Some(text) if choices.contains(&text) => {
                let name: StrDeserializer<'_, SettingsError> = text.into_deserializer();
                self.locate(visitor.visit_enum(name))
            }
            Some(text) => {
                let hint = suggest::for_unknown_choice(text, choices);
                let message = format!("expected {expected}, found `{text}`{hint}");
                Err(SettingsError::plain(message).at(&self.0.origin))
            }
            None => self.wrong_type(&expected),
        }
    }

    serde::forward_to_deserialize_any! { bytes byte_buf unit_struct tuple_struct identifier ignored_any }
}

/// The nodes of a list that are not read yet.
struct ListAccess<'a> {
    nodes: Iter<'a, Node>,
    next: usize,
}

impl<'de> SeqAccess<'de> for ListAccess<'de> {
    type Error = SettingsError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some(node) = self.nodes.next() else { return Ok(None) };
        let name = format!("[{}]", self.next);
        self.next += 1;
        seed.deserialize(NodeDeserializer(node))
            .map(Some)
            .map_err(|error| error.at(&node.origin).under(&name))
    }
}

/// The entries of a map that are not read yet, and the entry whose value comes next.
struct EntryAccess<'a> {
    entries: Iter<'a, (Key, Node)>,
    current: Option<&'a (Key, Node)>,
}

impl<'de> MapAccess<'de> for EntryAccess<'de> {
    type Error = SettingsError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        self.current = self.entries.next();
        let Some((key, _)) = self.current else { return Ok(None) };
        let name: StringDeserializer<SettingsError> = key.name.clone().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|error| error.at(&key.origin))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let (key, node) = self.current.ok_or_else(|| SettingsError::plain("a value without a key"))?;
        seed.deserialize(NodeDeserializer(node)).map_err(|error| error.at(&node.origin).under(&key.name))
    }
}
