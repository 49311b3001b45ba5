//! What the probes can be told.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, positive, refuse};

/// Settings under `probing_cfg`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbingSettings {
    /// Trains encoder and predictor with the probe.
    pub full_finetune: bool,
    /// Adam's learning rate.
    pub lr: f64,
    /// Passes of the prediction probe.
    pub epochs: usize,
    /// Passes of the encoding probe.
    pub epochs_enc: usize,
    /// Always null: a key of the published code that sets nothing there.
    pub schedule: Option<String>,
    /// Hidden layer sizes of a probe such as `256-128`; empty for a linear one.
    pub prober_arch: String,
    /// How a linear probe is found; see [`Self::solver_in_use`].
    pub solver: Solver,
    /// Gives the probe a bias.
    pub bias: bool,
    /// Sequences that `ridge` is solved from.
    pub ridge_sequences: usize,
    /// Accepted because 12 published files have it; it sets nothing, probing uses `dataset_batch_size`.
    pub batch_size: Option<usize>,
}

/// How a linear probe is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    /// Gradient steps, as the published scores were found.
    Adam,
    /// Least squares in one pass.
    #[default]
    Ridge,
}

impl Default for ProbingSettings {
    fn default() -> Self {
        Self {
            full_finetune: false,
            lr: 1e-3,
            epochs: 3,
            epochs_enc: 3,
            schedule: None,
            prober_arch: String::new(),
            solver: Solver::Ridge,
            bias: false,
            ridge_sequences: 20_000,
            batch_size: None,
        }
    }
}

impl ProbingSettings {
    /// The solver that these settings come to: fine-tuning and hidden layers take gradient steps whatever `solver` says.
    ///
    /// The published supervised files ask for fine-tuning and know no `solver`; they must mean what they meant.
    pub fn solver_in_use(&self) -> Solver {
        if self.full_finetune || !self.prober_arch.is_empty() { Solver::Adam } else { self.solver }
    }

    /// Refuses what no probe can be trained with.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("epochs", self.epochs), ("epochs_enc", self.epochs_enc)])?;
        at_least(2, &[("ridge_sequences", self.ridge_sequences)])?;
        at_most(
            MOST,
            &[
                ("epochs", self.epochs),
                ("epochs_enc", self.epochs_enc),
                ("ridge_sequences", self.ridge_sequences),
            ],
        )?;
        positive(&[("lr", self.lr)])?;
        match self.schedule {
            Some(_) => {
                refuse("schedule", "must be null: the published code has no schedule for the probes either")
            }
            None => Ok(()),
        }
    }
}
