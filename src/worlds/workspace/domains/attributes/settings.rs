//! The settings of the attribute domain.

use serde::{Deserialize, Serialize};

use crate::optim::{Cycle, LrSchedule, OptimizerKind, Recipe};
use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, not_negative, positive};

/// Constants of AdamW.
const EPSILON: f64 = 1e-8;
const WEIGHT_DECAY: f64 = 1e-5;

/// Settings under `attr`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttrSettings {
    /// The ranges that are mapped to [-1, 1].
    pub normalise: Normalise,
    /// Adds the unpaired numbers of an item, which no other domain shows.
    pub use_unpaired: bool,
    /// Leaves out the rotation.
    pub no_rotation: bool,
    /// Takes the latents of a variational autoencoder in place of the attributes.
    pub vae: bool,
    /// The weight of the divergence in the autoencoder's loss.
    pub beta: f64,
    /// Items in a batch of the autoencoder.
    pub batch_size: usize,
    /// The autoencoder's peak learning rate.
    pub lr: f64,
    /// Training steps of the autoencoder.
    pub steps: usize,
}

/// The ranges of lengths in pixels that are mapped to [-1, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalise {
    /// 0 to 32, the image.
    #[default]
    Image,
    /// The range of the default data set: centres from 7 to 25, sizes from 7 to 14.
    Full,
}

impl Default for AttrSettings {
    fn default() -> Self {
        Self {
            normalise: Normalise::default(),
            use_unpaired: false,
            no_rotation: false,
            vae: false,
            beta: 0.05,
            batch_size: 2056,
            lr: 5e-3,
            steps: 2000,
        }
    }
}

impl AttrSettings {
    /// Refuses values that no model can be built or trained with.
    ///
    /// # Errors
    /// The key below `attr` and what is allowed there.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        at_most(MOST, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        not_negative(&[("beta", self.beta)])?;
        positive(&[("lr", self.lr)])
    }

    /// AdamW with a one-cycle schedule, for a run of the autoencoder whose epochs are single steps.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            epochs: self.steps,
            optimizer: OptimizerKind::AdamW { epsilon: EPSILON, weight_decay: WEIGHT_DECAY },
            lr: LrSchedule::Cycle(Cycle::new(self.lr)),
            clip_norm: None,
        }
    }
}
