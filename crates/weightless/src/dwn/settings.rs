//! Settings of trained lookup tables.

use serde::{Deserialize, Serialize};

use crate::trained::{Plan, Ranges};

/// The bits that a table of the first layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wiring {
    /// Random permutations of all bits.
    Random,
    /// All bits in order.
    Arange,
    /// The bit with the largest of learnt scores.
    Learnable,
}

/// The weight of entries at a distance in the gradient of a table's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiniteDifference {
    /// `0.5 * 0.75^(n - 1) / 3^h`
    Exponential,
    /// `1 / (h + 1)`
    Harmonic,
}

/// The rule that makes a logit of the outputs of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Their sum, divided by `tau`.
    Popcount,
    /// More layers of tables, down to one output for each class.
    Learnable,
}

/// Settings of `kind: dwn`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DwnSettings {
    /// Tables of each layer; the last number is a multiple of the number of classes.
    pub tables: Vec<usize>,
    /// Inputs of a table, n, 1 to 8.
    pub inputs: usize,
    pub mapping: Wiring,
    /// The divisor of a class's sum in its logit.
    pub tau: f32,
    pub finite_difference: FiniteDifference,
    pub reduction: Reduction,
    /// The weight of the penalty of rough tables.
    pub spectral: f32,
    pub epochs: usize,
    /// The rate of Adam; it falls to 0 over the second half of a course.
    pub learning_rate: f32,
    /// Steps of Adam for one example that is learnt alone.
    pub learn_steps: usize,
    /// Earlier samples that are kept, to be learnt again with new ones.
    pub replay: usize,
}

impl Default for DwnSettings {
    fn default() -> Self {
        Self {
            tables: vec![1000],
            inputs: 6,
            mapping: Wiring::Learnable,
            tau: 3.33,
            finite_difference: FiniteDifference::Exponential,
            reduction: Reduction::Popcount,
            spectral: 0.0,
            epochs: 3,
            learning_rate: 0.01,
            learn_steps: 20,
            replay: 600,
        }
    }
}

impl DwnSettings {
    /// The numbers of a training.
    pub fn plan(&self) -> Plan {
        let Self { epochs, learn_steps, replay, tau, .. } = *self;
        Plan { epochs, rate: self.learning_rate, learn_steps, replay, tau }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The key with its range.
    pub fn check(&self, classes: usize) -> Result<(), String> {
        let ranges = Ranges("dwn");
        ranges.layers("tables", &self.tables, (8, 20_000), classes)?;
        ranges.whole("inputs", self.inputs, 1..=8)?;
        if self.reduction == Reduction::Learnable && self.inputs == 1 {
            return Err("dwn.reduction=learnable needs tables of two inputs or more: set dwn.inputs".into());
        }
        ranges.training(self.epochs, self.learn_steps, self.replay)?;
        for (key, value, least) in [
            ("tau", self.tau, f32::MIN_POSITIVE),
            ("learning_rate", self.learning_rate, f32::MIN_POSITIVE),
            ("spectral", self.spectral, 0.0),
        ] {
            if !(value >= least && value <= 1e6) {
                return Err(format!("dwn.{key} must be positive and at most 1e6, but is {value}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_named() {
        let default = DwnSettings::default;
        assert_eq!(default().check(10), Ok(()));
        let refused = |settings: DwnSettings| settings.check(10).unwrap_err();
        assert_eq!(
            refused(DwnSettings { tables: vec![100, 55], ..default() }),
            "dwn.tables must end with a multiple of the 10 classes, but ends with 55"
        );
        assert_eq!(
            refused(DwnSettings { inputs: 9, ..default() }),
            "dwn.inputs must be from 1 to 8, but is 9"
        );
        assert!(refused(DwnSettings { tau: 0.0, ..default() }).contains("dwn.tau"));
        assert!(refused(DwnSettings { tables: vec![], ..default() }).contains("layers"));
    }
}
