//! Settings of trained gates.

use serde::{Deserialize, Serialize};

use crate::trained::{Plan, Ranges};

/// The wires of a gate's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wires {
    /// Fixed, from random permutations of the layer below.
    Random,
    /// Chosen among `logic.candidates` random ones in the first course.
    TopK,
}

/// Settings of `kind: logic`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogicSettings {
    /// Gates of each layer; the last number is a multiple of the number of classes.
    pub gates: Vec<usize>,
    /// The divisor of a class's sum in its logit.
    pub tau: f32,
    pub wires: Wires,
    /// Candidates of each input of `wires: top_k`, 2 to 64.
    pub candidates: usize,
    pub epochs: usize,
    /// The rate of Adam; it falls to 0 over the second half of a course.
    pub learning_rate: f32,
    /// Steps of Adam for one example that is learnt alone.
    pub learn_steps: usize,
    /// Earlier samples that are kept, to be learnt again with new ones.
    pub replay: usize,
}

impl Default for LogicSettings {
    fn default() -> Self {
        Self {
            gates: vec![8000, 8000],
            tau: 10.0,
            wires: Wires::Random,
            candidates: 8,
            epochs: 3,
            learning_rate: 0.05,
            learn_steps: 20,
            replay: 600,
        }
    }
}

impl LogicSettings {
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
        let ranges = Ranges("logic");
        // A wire is a number of 16 bits.
        ranges.layers("gates", &self.gates, (16, 65_536), classes)?;
        ranges.whole("candidates", self.candidates, 2..=64)?;
        ranges.training(self.epochs, self.learn_steps, self.replay)?;
        for (key, value) in [("tau", self.tau), ("learning_rate", self.learning_rate)] {
            if !(value > 0.0 && value <= 1e6) {
                return Err(format!("logic.{key} must be above 0 and at most 1e6, but is {value}"));
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
        assert_eq!(LogicSettings::default().check(10), Ok(()));
        let refused =
            |gates: Vec<usize>| LogicSettings { gates, ..Default::default() }.check(10).unwrap_err();
        assert!(refused(vec![100, 44]).contains("multiple of the 10 classes, but ends with 44"));
        assert_eq!(refused(vec![70_000]), "logic.gates must be from 10 to 65536, but is 70000");
        assert_eq!(refused(vec![]), "logic.gates must be from 1 to 16, but is 0 layers");
    }
}
