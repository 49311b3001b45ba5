//! One axis: its range, and the position of a value on it.

use super::range::extent;
use super::ticks::{Tick, linear_ticks, log_ticks};

/// The largest value that can be drawn; differences of larger ones overflow.
const LARGEST: f64 = 1e300;

/// The margin on each side as a fraction of the range.
const MARGIN: f64 = 0.04;

/// A linear or logarithmic axis over `low..=high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    log: bool,
}

impl Axis {
    /// The axis from the least to the greatest drawable one of `values`.
    pub fn tight(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let (low, high) = extent(values.filter_map(|value| place(value, log)));
        if low > high {
            return Self { low: 0.0, high: 1.0, log };
        }
        let largest = low.abs().max(high.abs());
        let room = match high - low > 1e-9 * largest {
            true => 0.0,
            false if log => 0.5,
            false if largest == 0.0 => 1.0,
            false => (0.1 * largest).max(LARGEST.recip()),
        };
        Self { low: low - room, high: high + room, log }
    }

    /// [`Axis::tight`] with a margin on both sides.
    pub fn with_margin(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let Self { low, high, .. } = Self::tight(values, log);
        let room = MARGIN * (high - low);
        Self { low: low - room, high: high + room, log }
    }

    /// [`Axis::with_margin`], but from 0 if that is near, so that heights can be compared.
    pub fn with_margin_or_zero(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let Self { low, high, .. } = Self::tight(values, log);
        let room = MARGIN * (high - low);
        let from_zero = !log && (0.0..0.35 * high).contains(&low);
        Self { low: if from_zero { 0.0 } else { low - room }, high: high + room, log }
    }

    /// The position of `value`: 0 at the low end, 1 at the high end. `None` for NaN, infinity, and
    /// numbers without a logarithm on a logarithmic axis.
    pub fn fraction(&self, value: f64) -> Option<f64> {
        place(value, self.log).map(|place| (place - self.low) / (self.high - self.low))
    }

    /// About `target` round values within the axis.
    pub fn ticks(&self, target: usize) -> Vec<Tick> {
        match self.log {
            true => log_ticks(10f64.powf(self.low), 10f64.powf(self.high), target),
            false => linear_ticks(self.low, self.high, target),
        }
    }
}

/// The value, or its logarithm on a logarithmic axis; `None` if it cannot be drawn.
fn place(value: f64, log: bool) -> Option<f64> {
    let drawable = value.is_finite() && value.abs() < LARGEST && (!log || value > 0.0);
    drawable.then(|| if log { value.log10() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(values: &[f64], log: bool) -> Axis {
        Axis::tight(values.iter().copied(), log)
    }

    #[test]
    fn fractions_run_from_end_to_end() {
        let linear = over(&[2.0, f64::NAN, 6.0, f64::INFINITY], false);
        assert_eq!([2.0, 3.0, 6.0].map(|v| linear.fraction(v)), [Some(0.0), Some(0.25), Some(1.0)]);
        assert_eq!(linear.fraction(f64::NAN), None);
        let log = over(&[0.0, -3.0, 0.1, 1000.0], true);
        assert!((log.fraction(1.0).unwrap() - 0.25).abs() < 1e-12);
        assert_eq!(log.fraction(0.0), None);
    }

    #[test]
    fn nothing_and_one_value_still_give_an_axis() {
        assert_eq!(over(&[], false).fraction(0.5), Some(0.5));
        for value in [0.0, -4.0, 1e-12, 1e200] {
            let axis = over(&[value, value], false);
            assert!((axis.fraction(value).unwrap() - 0.5).abs() < 1e-9);
            assert!(!axis.ticks(5).is_empty());
        }
        assert!((over(&[3.0], true).fraction(3.0).unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn an_axis_starts_at_zero_only_if_that_is_near() {
        let with_margin_or_zero = |values: [f64; 2]| Axis::with_margin_or_zero(values.into_iter(), false);
        assert_eq!(with_margin_or_zero([1.0, 9.0]).fraction(0.0), Some(0.0));
        assert!(with_margin_or_zero([8.0, 9.0]).fraction(0.0).unwrap() < -1.0);
        let below = with_margin_or_zero([-1.0, 9.0]).fraction(-1.0).unwrap();
        assert!((below - MARGIN / (1.0 + 2.0 * MARGIN)).abs() < 1e-12);
    }
}
