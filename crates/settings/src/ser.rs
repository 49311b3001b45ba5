//! A serde serializer that writes typed settings to a tree. JSON cannot be the way between them,
//! because it has no infinity.

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
};

use super::{
    error::SettingsError,
    origin::Origin,
    scalar::Meaning,
    tree::{Key, Node, Scalar, Value},
};

type Result<T> = std::result::Result<T, SettingsError>;

/// The tree of a value that consists of structs, maps, lists, options, scalars and enums without
/// data.
pub(super) fn to_tree<T: Serialize + ?Sized>(settings: &T) -> Result<Node> {
    settings.serialize(TreeSerializer)
}

struct TreeSerializer;

fn scalar(text: impl Into<String>, meaning: Meaning) -> Node {
    node(Value::Scalar(Scalar { text: text.into(), meaning }))
}

fn node(value: Value) -> Node {
    Node { value, origin: Origin::Default }
}

/// The shortest text that reads as the same number.
fn float_text(value: f64) -> String {
    match value {
        _ if value.is_nan() => ".nan".into(),
        f64::INFINITY => ".inf".into(),
        f64::NEG_INFINITY => "-.inf".into(),
        _ => format!("{value:?}"),
    }
}

fn unsupported<T>(kind: &str) -> Result<T> {
    Err(SettingsError::custom(format!("settings cannot hold {kind}")))
}

macro_rules! whole_numbers {
    ($($method:ident $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<Node> {
            Ok(scalar(value.to_string(), Meaning::Int(value.into())))
        }
    )*};
}

impl serde::Serializer for TreeSerializer {
    type Ok = Node;
    type Error = SettingsError;
    type SerializeSeq = ListSerializer;
    type SerializeTuple = ListSerializer;
    type SerializeTupleStruct = Impossible<Node, SettingsError>;
    type SerializeTupleVariant = Impossible<Node, SettingsError>;
    type SerializeMap = MapSerializer;
    type SerializeStruct = MapSerializer;
    type SerializeStructVariant = Impossible<Node, SettingsError>;

    whole_numbers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);
    whole_numbers!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);

    fn serialize_bool(self, value: bool) -> Result<Node> {
        Ok(scalar(value.to_string(), Meaning::Bool(value)))
    }

    fn serialize_f64(self, value: f64) -> Result<Node> {
        Ok(scalar(float_text(value), Meaning::Float(value)))
    }

    fn serialize_f32(self, value: f32) -> Result<Node> {
        self.serialize_f64(value.into())
    }

    fn serialize_str(self, value: &str) -> Result<Node> {
        Ok(scalar(value, Meaning::Text))
    }

    fn serialize_char(self, value: char) -> Result<Node> {
        Ok(scalar(value, Meaning::Text))
    }

    fn serialize_unit(self) -> Result<Node> {
        Ok(scalar("null", Meaning::Null))
    }

    fn serialize_none(self) -> Result<Node> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Node> {
        value.serialize(self)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Node> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Node> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Node> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<ListSerializer> {
        Ok(ListSerializer(Vec::new()))
    }

    fn serialize_tuple(self, _: usize) -> Result<ListSerializer> {
        Ok(ListSerializer(Vec::new()))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MapSerializer> {
        Ok(MapSerializer::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<MapSerializer> {
        Ok(MapSerializer::default())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Node> {
        unsupported("bytes")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Node> {
        unsupported("enums with data")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        unsupported("tuple structs")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        unsupported("enums with data")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        unsupported("enums with data")
    }
}

/// The nodes of a list, in order.
struct ListSerializer(Vec<Node>);

impl SerializeSeq for ListSerializer {
    type Ok = Node;
    type Error = SettingsError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.0.push(to_tree(value)?);
        Ok(())
    }

    fn end(self) -> Result<Node> {
        Ok(node(Value::List(self.0)))
    }
}

impl SerializeTuple for ListSerializer {
    type Ok = Node;
    type Error = SettingsError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Node> {
        SerializeSeq::end(self)
    }
}

/// The entries of a map or struct, in order, and the name of the entry whose value comes next.
#[derive(Default)]
struct MapSerializer {
    entries: Vec<(Key, Node)>,
    name: String,
}

impl SerializeMap for MapSerializer {
    type Ok = Node;
    type Error = SettingsError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        match to_tree(key)?.value {
            Value::Scalar(scalar) => self.name = scalar.text,
            _ => return unsupported("keys that are lists or mappings"),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let key = Key { name: std::mem::take(&mut self.name), origin: Origin::Default };
        self.entries.push((key, to_tree(value)?));
        Ok(())
    }

    fn end(self) -> Result<Node> {
        Ok(node(Value::Map(self.entries)))
    }
}

impl SerializeStruct for MapSerializer {
    type Ok = Node;
    type Error = SettingsError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.serialize_entry(name, value)
    }

    fn end(self) -> Result<Node> {
        SerializeMap::end(self)
    }
}
