//! One line of a log, read straight into columns.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Columns, STEP};

/// Reads the numbers of a line into `columns`. A line without a step is left out.
///
/// # Errors
/// A line that is no JSON object.
pub fn read(line: &[u8], columns: &mut Columns, numbers: &mut Vec<(usize, f64)>) -> serde_json::Result<()> {
    numbers.clear();
    let mut reader = serde_json::Deserializer::from_slice(line);
    let step = Line { columns, numbers }.deserialize(&mut reader)?;
    reader.end()?;
    if let Some(step) = step {
        columns.push(step, numbers);
    }
    Ok(())
}

/// The seed of a line: its numbers go to `numbers` by the places of their keys.
struct Line<'a> {
    columns: &'a mut Columns,
    numbers: &'a mut Vec<(usize, f64)>,
}

impl<'de> DeserializeSeed<'de> for Line<'_> {
    type Value = Option<f64>;

    fn deserialize<D: Deserializer<'de>>(self, line: D) -> Result<Self::Value, D::Error> {
        line.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Line<'_> {
    /// The step.
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of numbers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut line: A) -> Result<Self::Value, A::Error> {
        let (mut step, mut expected) = (None, 0);
        while let Some(Key(key)) = line.next_key()? {
            let Number(number) = line.next_value()?;
            match number {
                Some(number) if key == STEP => step = Some(number).filter(|step| step.is_finite()),
                Some(number) => {
                    let place = self.columns.place_of(&key, expected);
                    expected = place + 1;
                    self.numbers.push((place, number));
                }
                None => {}
            }
        }
        Ok(step)
    }
}

/// A key, borrowed from the line unless it has escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(key: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        key.deserialize_str(Text)
    }
}

/// A number; null, which stands for NaN; or another value, which is left out.
struct Number(Option<f64>);

impl<'de> serde::Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(Some(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(Some(number as f64)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number(Some(number as f64)))
    }

    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number(Some(f64::NAN)))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
        Ok(Number(None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Number, E> {
        Ok(Number(match text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Number, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Number(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Number(None))
    }
}
