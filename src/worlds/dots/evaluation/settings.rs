//! The settings of the probes.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, positive, refuse};

/// Settings under `probing_cfg`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbingSettings {
    /// Trains encoder and predictor together with the probe.
    pub full_finetune: bool,
    /// Adam's learning rate.
    pub lr: f64,
    /// Epochs of the prediction probe.
    pub epochs: usize,
    /// Epochs of the encoding probe.
    pub epochs_enc: usize,
    /// Always null; a key of the published code without effect there.
    pub schedule: Option<String>,
    /// Hidden layer sizes of a probe such as `256-128`; empty for a linear one.
    pub prober_arch: String,
    /// The solver of a linear probe; see [`Self::solver_in_use`].
    pub solver: Solver,
    /// Gives the probe a bias.
    pub bias: bool,
    /// The number of sequences that `ridge` is solved from.
    pub ridge_sequences: usize,
    /// Accepted because 12 published files have it, but without effect: probing uses
    /// `dataset_batch_size`.
    pub batch_size: Option<usize>,
}

/// The solver of a linear probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    /// Gradient steps, as for the published scores.
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
    /// The solver in use: Adam for fine-tuning and for probes with hidden layers, else `solver`.
    ///
    /// The published files of the supervised baseline set fine-tuning but not `solver`.
    pub fn solver_in_use(&self) -> Solver {
        if self.full_finetune || !self.prober_arch.is_empty() { Solver::Adam } else { self.solver }
    }

    /// Refuses values that no probe can be fitted with.
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
            Some(_) => refuse("schedule", "must be null: probes have no learning-rate schedule"),
            None => Ok(()),
        }
    }
}
