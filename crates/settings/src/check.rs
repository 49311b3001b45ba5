//! Range checks: each refusal is the key and what is allowed there.

use std::fmt::Display;

/// No run has more epochs, sequences or anything else that is done one after another.
pub const MOST: usize = 1_000_000_000;
/// No layer has more features.
pub const WIDEST: usize = 65_536;
/// No stack has more layers.
pub const DEEPEST: usize = 1024;

/// A dotted key and why its value is refused.
pub type Refusal = (String, String);

/// Refuses `key` because of `reason`.
pub fn refuse<T>(key: &str, reason: impl Into<String>) -> Result<T, Refusal> {
    Err((key.to_owned(), reason.into()))
}

/// Puts `section` before the key of a refusal.
pub fn within(section: &str, checked: Result<(), Refusal>) -> Result<(), Refusal> {
    checked.map_err(|(key, reason)| (format!("{section}.{key}"), reason))
}

/// Refuses each value below `least`.
pub fn at_least(least: usize, values: &[(&str, usize)]) -> Result<(), Refusal> {
    require(values, &format!("{least} or more"), |value| *value >= least)
}

/// Refuses each value above `most`.
pub fn at_most(most: usize, values: &[(&str, usize)]) -> Result<(), Refusal> {
    require(values, &format!("{most} or less"), |value| *value <= most)
}

/// Refuses each value that is not a finite number above 0.
pub fn positive(values: &[(&str, f64)]) -> Result<(), Refusal> {
    require(values, "above 0 and finite", |value| *value > 0.0 && value.is_finite())
}

/// Refuses each value that is not a finite number of 0 or more.
pub fn not_negative(values: &[(&str, f64)]) -> Result<(), Refusal> {
    require(values, "0 or more and finite", |value| *value >= 0.0 && value.is_finite())
}

/// Refuses each value that is not finite.
pub fn finite(values: &[(&str, f64)]) -> Result<(), Refusal> {
    require(values, "a finite number", |value| value.is_finite())
}

fn require<V: Display>(
    values: &[(&str, V)],
    allowed: &str,
    test: impl Fn(&V) -> bool,
) -> Result<(), Refusal> {
    match values.iter().find(|(_, value)| !test(value)) {
        Some((key, value)) => refuse(key, format!("must be {allowed}, but is {value}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_out_of_range_is_named_with_what_is_allowed() {
        let refused = at_least(2, &[("a", 2), ("b", 1), ("c", 0)]).unwrap_err();
        assert_eq!(refused, ("b".into(), "must be 2 or more, but is 1".into()));
        let refused = at_most(2, &[("a", 2), ("b", 3), ("c", 4)]).unwrap_err();
        assert_eq!(refused, ("b".into(), "must be 2 or less, but is 3".into()));
    }

    #[test]
    fn what_is_not_a_number_is_in_no_range() {
        for check in [positive, not_negative, finite] {
            assert!(check(&[("a", f64::NAN)]).is_err());
            assert!(check(&[("a", f64::INFINITY)]).is_err());
            assert!(check(&[("a", 0.5)]).is_ok());
        }
        assert!(positive(&[("a", 0.0)]).is_err());
        assert!(not_negative(&[("a", 0.0)]).is_ok());
    }
}
