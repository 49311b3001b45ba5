//! Equality of values as people write them: `0.5` is `0.50`, and `true` is `True`.

use umwelt_settings::{Meaning, resolve};

/// Equality of two scalars in any spelling.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    a == b || canonical(a) == canonical(b)
}

/// The spelling that all equal scalars share.
pub(crate) fn canonical(text: &str) -> String {
    let number = match resolve(text) {
        Meaning::Bool(truth) => return truth.to_string(),
        #[allow(clippy::cast_precision_loss, reason = "no two settings differ only beyond 2^53")]
        Meaning::Int(value) => value as f64,
        Meaning::Float(value) => value,
        _ => return text.to_owned(),
    };
    // Adding 0 turns -0 into 0.
    if number.is_nan() { text.to_owned() } else { format!("{:?}", number + 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_or_truth_value_are_equal() {
        for (a, b) in [("0.5", "0.50"), ("1e-3", "0.001"), ("2", "2.0"), ("-0.0", "0"), ("true", "True")] {
            assert!(equal(a, b), "{a} {b}");
        }
        for (a, b) in [("0.5", "0.51"), ("true", "1"), ("a", "A"), ("'1'", "1")] {
            assert!(!equal(a, b), "{a} {b}");
        }
    }
}
