//! Numbers in JSON: those that are not finite are texts.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A number that is `"NaN"`, `"Infinity"` or `"-Infinity"` if it is not finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(number) = *self;
        // Whole numbers, such as steps, are written without a fraction.
        if number.fract() == 0.0 && number.abs() < 9e15 {
            return to.serialize_i64(number as i64);
        }
        if number.is_finite() { to.serialize_f64(number) } else { to.serialize_str(name(number)) }
    }
}

fn name(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// A list of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(pub Vec<f64>);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().copied().map(Number))
    }
}

/// A number as a JSON value.
pub fn number(number: f64) -> Value {
    serde_json::to_value(Number(number)).expect("every number has a form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_finite_are_texts() {
        let numbers = Numbers(vec![0.1, -0.0, 3.0, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        let text = serde_json::to_string(&numbers).unwrap();
        assert_eq!(text, r#"[0.1,0,3,1e+300,"NaN","Infinity","-Infinity"]"#);
    }
}
