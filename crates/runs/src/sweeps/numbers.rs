//! A dimension whose values are numbers.

use super::gauss;

/// Numbers with a prior, on a linear or a log scale, continuous or on a lattice.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The prior distribution.
    pub prior: Prior,
    /// True for a log scale, on which coordinates are natural logarithms of values.
    pub log: bool,
    /// The lattice of allowed values, if not all are.
    pub lattice: Option<Lattice>,
    /// True if values are written as whole numbers.
    pub whole: bool,
}

/// A prior distribution along the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prior {
    /// Uniform between two values, both included.
    Uniform {
        /// The least value.
        low: f64,
        /// The largest value.
        high: f64,
    },
    /// Normal.
    Normal {
        /// The mean, as a coordinate.
        mu: f64,
        /// The standard deviation, as a coordinate.
        sigma: f64,
    },
}

/// The values `anchor + k * step` for all integers k.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lattice {
    /// The value at k = 0.
    pub anchor: f64,
    /// The distance of neighbours, above 0.
    pub step: f64,
}

/// The half-width of a normal prior's scale, in standard deviations.
const REACH: f64 = 4.0;
/// The number of steps of a range that a value's digits distinguish.
const RESOLUTION: f64 = 1e6;

impl Numbers {
    /// The quantile of the prior at `u` in [0, 1].
    pub fn at(&self, u: f64) -> f64 {
        let (low, high) = self.ends();
        self.nearest(match self.prior {
            Prior::Uniform { .. } => low + u * (high - low),
            Prior::Normal { mu, sigma } => mu + sigma * gauss::normal_quantile(u),
        })
    }

    /// The coordinate of a value on the scale.
    pub fn coordinate(&self, value: f64) -> f64 {
        if self.log { value.ln() } else { value }
    }

    /// The ends of the scale as coordinates. A lattice extends half a step beyond its outermost
    /// values, so that all have an equal share.
    pub fn ends(&self) -> (f64, f64) {
        match (self.prior, self.lattice) {
            (Prior::Uniform { low, high }, None) => (self.coordinate(low), self.coordinate(high)),
            (Prior::Uniform { .. }, Some(lattice)) => {
                let (first, last) = self.outermost(lattice);
                (self.cell(lattice, first).0, self.cell(lattice, last).1)
            }
            (Prior::Normal { mu, sigma }, _) => (mu - REACH * sigma, mu + REACH * sigma),
        }
    }

    /// The interval of coordinates that round to the lattice value `value`; `None` without a
    /// lattice.
    pub fn rounding(&self, value: f64) -> Option<(f64, f64)> {
        self.lattice.map(|lattice| self.cell(lattice, value))
    }

    /// The value nearest to a coordinate.
    pub fn nearest(&self, coordinate: f64) -> f64 {
        let value = if self.log { coordinate.exp() } else { coordinate };
        let value = match self.lattice {
            Some(lattice) => {
                lattice.anchor + ((value - lattice.anchor) / lattice.step).round() * lattice.step
            }
            None => value,
        };
        let value = self.readable(value);
        match (self.prior, self.lattice) {
            (Prior::Uniform { low, high }, None) => value.clamp(low, high),
            (Prior::Uniform { .. }, Some(lattice)) => {
                let (first, last) = self.outermost(lattice);
                value.clamp(first, last)
            }
            (Prior::Normal { .. }, _) => value,
        }
    }

    /// The number of values, or `None` if they are uncountable.
    pub fn count(&self) -> Option<usize> {
        let (Prior::Uniform { .. }, Some(lattice)) = (self.prior, self.lattice) else { return None };
        let (first, last) = self.outermost(lattice);
        Some(((last - first) / lattice.step + 1.0).round() as usize)
    }

    /// All values in rising order, or `None` if they are uncountable.
    pub fn values(&self) -> Option<impl Iterator<Item = f64>> {
        let (count, lattice) = (self.count()?, self.lattice?);
        let first = self.outermost(lattice).0;
        Some((0..count).map(move |k| self.readable(first + k as f64 * lattice.step)))
    }

    /// A value as YAML.
    pub fn text(&self, value: f64) -> String {
        if self.whole { format!("{value:.0}") } else { format!("{value:?}") }
    }

    fn outermost(&self, lattice: Lattice) -> (f64, f64) {
        let Prior::Uniform { low, high } = self.prior else { return (f64::NEG_INFINITY, f64::INFINITY) };
        // The tolerance admits an end whose division by the step is rounded off a whole number.
        let steps = |value: f64| (value - lattice.anchor) / lattice.step;
        let first = lattice.anchor + (steps(low) - 1e-9).ceil() * lattice.step;
        let last = lattice.anchor + (steps(high) + 1e-9).floor() * lattice.step;
        (self.readable(first), self.readable(last))
    }

    fn cell(&self, lattice: Lattice, value: f64) -> (f64, f64) {
        let half = 0.5 * lattice.step;
        if self.log {
            // A log scale ends above 0.
            return ((value - half).max(0.5 * value).ln(), (value + half).ln());
        }
        (value - half, value + half)
    }

    /// The value rounded to the digits that matter, which keeps names short.
    fn readable(&self, value: f64) -> f64 {
        let width = match (self.prior, self.lattice) {
            (_, Some(lattice)) => lattice.step,
            (Prior::Uniform { low, high }, None) if !self.log => high - low,
            (Prior::Normal { sigma, .. }, None) if !self.log => sigma,
            _ => value.abs(),
        };
        if value.abs() * RESOLUTION <= width {
            return 0.0;
        }
        let digits = ((value.abs() / width * RESOLUTION).log10().ceil().min(17.0) as usize).max(1);
        format!("{value:.*e}", digits - 1).parse().expect("a formatted number is a number")
    }
}

impl Lattice {
    /// True if all values are whole numbers.
    pub fn is_whole(self) -> bool {
        self.anchor.fract() == 0.0 && self.step.fract() == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(low: f64, high: f64) -> Numbers {
        Numbers { prior: Prior::Uniform { low, high }, log: false, lattice: None, whole: false }
    }

    #[test]
    fn a_log_scale_is_halved_at_the_geometric_mean() {
        let numbers = Numbers { log: true, ..uniform(0.01, 1.0) };
        assert_eq!([0.0, 0.5, 1.0].map(|u| numbers.at(u)), [0.01, 0.1, 1.0]);
    }

    #[test]
    fn each_whole_number_has_the_same_share() {
        let lattice = Some(Lattice { anchor: 1.0, step: 1.0 });
        let numbers = Numbers { lattice, whole: true, ..uniform(1.0, 4.0) };
        let drawn: Vec<String> =
            (0..8).map(|k| numbers.text(numbers.at((f64::from(k) + 0.5) / 8.0))).collect();
        assert_eq!(drawn, ["1", "1", "2", "2", "3", "3", "4", "4"]);
        assert_eq!(numbers.count(), Some(4));
    }

    #[test]
    fn steps_end_at_the_last_value_within_and_carry_no_rounding_error() {
        let numbers = Numbers { lattice: Some(Lattice { anchor: 0.1, step: 0.1 }), ..uniform(0.1, 0.75) };
        let texts: Vec<String> = numbers.values().unwrap().map(|value| numbers.text(value)).collect();
        assert_eq!(texts, ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]);
        assert_eq!(numbers.at(0.999), 0.7);
    }

    #[test]
    fn values_carry_the_digits_that_the_range_needs() {
        assert_eq!(uniform(0.0, 1.0).at(1.0 / 3.0), 0.333_333);
        assert_eq!(uniform(100.0, 100.001).at(1.0 / 3.0), 100.000_333_333);
    }

    #[test]
    fn a_normal_prior_is_halved_at_its_mean() {
        let prior = Prior::Normal { mu: 0.0, sigma: 2.0 };
        let numbers = Numbers { prior, log: true, lattice: None, whole: false };
        assert_eq!(numbers.at(0.5), 1.0);
        assert!((numbers.at(0.841_344_746) - 2f64.exp()).abs() < 1e-4);
    }
}
