use crate::{Histogram, Image, Table};

/// The value of one key of a row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// A number; NaN and the infinities are kept as such.
    Number(f64),
    /// Any other JSON value.
    Json(serde_json::Value),
    /// An image.
    Image(Image),
    /// A table.
    Table(Table),
    /// Counts between bin edges.
    Histogram(Histogram),
}

macro_rules! from_numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Json(number.into())
            }
        }
    )*};
}

from_numbers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize bool);

macro_rules! from_variants {
    ($($held:ty => $variant:ident)*) => {$(
        impl From<$held> for Value {
            fn from(held: $held) -> Self {
                Self::$variant(held.into())
            }
        }
    )*};
}

from_variants! {
    f32 => Number
    f64 => Number
    &str => Json
    String => Json
    serde_json::Value => Json
    Image => Image
    Table => Table
    Histogram => Histogram
}

/// A number in W&B's JSON, which writes NaN and the infinities without quotes.
pub(crate) fn number_text(number: f64) -> String {
    match number {
        n if n.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => serde_json::Value::from(number).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_lacks_stand_bare() {
        let texts = [0.1, 1e300, -0.0, f64::NAN, f64::INFINITY, -f64::INFINITY].map(number_text);
        assert_eq!(texts, ["0.1", "1e+300", "-0.0", "NaN", "Infinity", "-Infinity"]);
    }
}
