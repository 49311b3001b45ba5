//! The settings of the probe that finds the odd one out.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, not_negative, positive, refuse};

/// Settings under `odd_one_out`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OddOneOutSettings {
    /// Runs the probe in the last evaluation.
    pub enabled: bool,
    /// The encoders whose states the classifier reads, one classifier each.
    pub encoders: Vec<ProbedEncoder>,
    /// Answers with the item whose state is farthest from the other two, without training.
    pub use_dist: bool,
    /// Triplets to train on.
    pub rows: usize,
    /// Triplets in a batch.
    pub batch_size: usize,
    /// Adam's learning rate.
    pub lr: f64,
    /// Adam's L2 decay.
    pub weight_decay: f64,
    /// Training steps.
    pub steps: usize,
}

/// The encoder of a probed state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbedEncoder {
    /// The trained workspace.
    Gw,
    /// New encoders that are trained with the classifier.
    Task,
    /// New encoders that are not trained.
    Random,
    /// None: the latents of the domains.
    Identity,
}

impl Default for OddOneOutSettings {
    fn default() -> Self {
        use ProbedEncoder::{Gw, Identity, Random, Task};
        Self {
            enabled: false,
            encoders: vec![Gw, Task, Random, Identity],
            use_dist: false,
            rows: 500_000,
            batch_size: 512,
            lr: 3e-4,
            weight_decay: 1e-4,
            steps: 10_000,
        }
    }
}

impl OddOneOutSettings {
    /// Refuses values that no probe can be trained with.
    ///
    /// # Errors
    /// The key of the first invalid value, without its section, and the reason.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let counts = [("rows", self.rows), ("batch_size", self.batch_size), ("steps", self.steps)];
        at_least(1, &counts).and_then(|()| at_most(MOST, &counts))?;
        positive(&[("lr", self.lr)]).and_then(|()| not_negative(&[("weight_decay", self.weight_decay)]))?;
        if self.batch_size > self.rows {
            let reason = format!("must be at most rows ({}), but is {}", self.rows, self.batch_size);
            return refuse("batch_size", reason);
        }
        match self.encoders.is_empty() {
            true => refuse("encoders", "must name at least one of gw, task, random, identity"),
            false => Ok(()),
        }
    }
}
