//! Range checks of settings. A failed check returns the key of the first invalid value and the
//! reason, which names the allowed range.

use std::fmt::Display;

/// The upper limit of counts such as epochs, steps and sequences.
pub const MOST: usize = 1_000_000_000;
/// The upper limit of the number of features of a layer.
pub const WIDEST: usize = 65_536;
/// The upper limit of the number of layers of a stack.
pub const DEEPEST: usize = 1024;

/// An invalid setting: its dotted key, and the reason why its value is invalid.
pub type InvalidSetting = (String, String);

/// Returns the error of `key` with `reason`.
pub fn refuse<T>(key: &str, reason: impl Into<String>) -> Result<T, InvalidSetting> {
    Err((key.to_owned(), reason.into()))
}

/// Prefixes the key of an error with `section`.
pub fn within(section: &str, checked: Result<(), InvalidSetting>) -> Result<(), InvalidSetting> {
    checked.map_err(|(key, reason)| (format!("{section}.{key}"), reason))
}

/// Checks that each value is `least` or more.
pub fn at_least(least: usize, values: &[(&str, usize)]) -> Result<(), InvalidSetting> {
    require(values, &format!("{least} or more"), |value| *value >= least)
}

/// Checks that each value is `most` or less.
pub fn at_most(most: usize, values: &[(&str, usize)]) -> Result<(), InvalidSetting> {
    require(values, &format!("{most} or less"), |value| *value <= most)
}

/// Checks that each value is above 0 and finite.
pub fn positive(values: &[(&str, f64)]) -> Result<(), InvalidSetting> {
    require(values, "above 0 and finite", |value| *value > 0.0 && value.is_finite())
}

/// Checks that each value is 0 or more and finite.
pub fn not_negative(values: &[(&str, f64)]) -> Result<(), InvalidSetting> {
    require(values, "0 or more and finite", |value| *value >= 0.0 && value.is_finite())
}

/// Checks that each value is finite.
pub fn finite(values: &[(&str, f64)]) -> Result<(), InvalidSetting> {
    require(values, "a finite number", |value| value.is_finite())
}

fn require<V: Display>(
    values: &[(&str, V)],
    allowed: &str,
    is_valid: impl Fn(&V) -> bool,
) -> Result<(), InvalidSetting> {
    match values.iter().find(|(_, value)| !is_valid(value)) {
        Some((key, value)) => refuse(key, format!("must be {allowed}, but is {value}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_out_of_range_is_named_with_what_is_allowed() {
        let invalid = at_least(2, &[("a", 2), ("b", 1), ("c", 0)]).unwrap_err();
        assert_eq!(invalid, ("b".into(), "must be 2 or more, but is 1".into()));
        let invalid = at_most(2, &[("a", 2), ("b", 3), ("c", 4)]).unwrap_err();
        assert_eq!(invalid, ("b".into(), "must be 2 or less, but is 3".into()));
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
