//! The choice between LARS and AdamW, with the settings of AdamW.

use serde::{Deserialize, Serialize};

use crate::optim::{LrSchedule, OptimizerKind, Recipe};
use crate::settings::check::{InvalidSetting, not_negative, positive};

/// The optimiser of a joint embedding model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerChoice {
    /// LARS at `base_lr`, as published.
    #[default]
    Lars,
    /// AdamW in one cycle, see `adamw`.
    Adamw,
}

/// Settings under `adamw`: the optimiser of Loshchilov and Hutter (arXiv 1711.05101) on a one-cycle
/// schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamwSettings {
    /// The peak learning rate, reached after three tenths of the run; independent of the batch
    /// size.
    pub lr: f64,
    /// Weight decay: each step shrinks weights by this times the learning rate.
    pub weight_decay: f64,
    /// The largest norm of all gradients together; larger ones are scaled down to it.
    pub clip_norm: f64,
}

impl Default for AdamwSettings {
    fn default() -> Self {
        Self { lr: 1e-3, weight_decay: 0.0, clip_norm: 5.0 }
    }
}

impl AdamwSettings {
    /// Refuses values that no model can be trained with.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        positive(&[("lr", self.lr), ("clip_norm", self.clip_norm)])?;
        not_negative(&[("weight_decay", self.weight_decay)])
    }
}

/// The recipe of a model trained by the chosen optimiser.
pub fn recipe(choice: OptimizerChoice, epochs: usize, base_lr: f64, adamw: &AdamwSettings) -> Recipe {
    match choice {
        OptimizerChoice::Lars => Recipe {
            epochs,
            optimizer: OptimizerKind::Lars,
            lr: LrSchedule::Cosine { base_lr },
            clip_norm: None,
        },
        OptimizerChoice::Adamw => Recipe {
            epochs,
            optimizer: OptimizerKind::AdamW { epsilon: 1e-8, weight_decay: adamw.weight_decay },
            lr: LrSchedule::OneCycle { peak: adamw.lr },
            clip_norm: Some(adamw.clip_norm),
        },
    }
}
