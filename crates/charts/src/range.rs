//! The range of a set of numbers.

/// The least and the greatest of `values` without NaN; `(inf, -inf)` of none.
pub fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
