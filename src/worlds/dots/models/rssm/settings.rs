//! The settings of an RSSM world model.

use serde::{Deserialize, Serialize};

use crate::{
    nn::Arch,
    optim::{LrSchedule, OptimizerKind, Recipe},
    settings::check::{InvalidSetting, MOST, WIDEST, at_least, at_most, not_negative, positive, refuse},
};

/// The largest norm of all gradients together; larger ones are scaled down to it.
const CLIP_NORM: f64 = 1000.0;

/// Settings under `rssm`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RssmSettings {
    /// Factor on the backbone's channels.
    pub backbone_width_factor: usize,
    /// Weight of the error of actions predicted from pairs of beliefs.
    pub action_coeff: f64,
    /// The backbone.
    pub arch: Arch,
    /// Passes over the data.
    pub epochs: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// The first epoch with a tenth of the learning rate; null for a constant one.
    pub lr_decay_epoch: Option<usize>,
    /// Features of an encoding, for backbones of variable size.
    pub embedding_size: usize,
    /// Numbers in an action.
    pub action_dim: usize,
    /// The smallest standard deviation of a latent state.
    pub min_var: f64,
    /// Adam's epsilon.
    pub rssm_adam_epsilon: f64,
    /// Logs reconstructed images; the spelling is the published code's.
    pub log_recontructed_image: bool,
    /// Channels of an image.
    pub channels: usize,
    /// The number of burn-in frames.
    pub rnn_burnin: usize,
}

impl Default for RssmSettings {
    fn default() -> Self {
        Self {
            backbone_width_factor: 1,
            action_coeff: 0.0,
            arch: Arch::Resnet18,
            epochs: 100,
            learning_rate: 1e-3,
            lr_decay_epoch: None,
            embedding_size: 64,
            action_dim: 2,
            min_var: 0.1,
            rssm_adam_epsilon: 1e-8,
            log_recontructed_image: true,
            channels: 1,
            rnn_burnin: 1,
        }
    }
}

impl RssmSettings {
    /// Refuses values that no model can be built or trained with.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("epochs", self.epochs), ("embedding_size", self.embedding_size)])?;
        at_least(1, &[("rnn_burnin", self.rnn_burnin)])?;
        at_least(1, &[("backbone_width_factor", self.backbone_width_factor)])?;
        at_most(MOST, &[("epochs", self.epochs)])?;
        at_most(WIDEST, &[("embedding_size", self.embedding_size)])?;
        at_most(Arch::MOST_WIDTH, &[("backbone_width_factor", self.backbone_width_factor)])?;
        positive(&[("learning_rate", self.learning_rate), ("rssm_adam_epsilon", self.rssm_adam_epsilon)])?;
        not_negative(&[("action_coeff", self.action_coeff), ("min_var", self.min_var)])?;
        let size = self.arch.check_embedding_size(self.embedding_size);
        size.or_else(|reason| refuse("embedding_size", reason))
    }

    /// Adam without weight decay, at a constant learning rate, with clipped gradients.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            epochs: self.epochs,
            optimizer: OptimizerKind::AdamW { epsilon: self.rssm_adam_epsilon, weight_decay: 0.0 },
            lr: LrSchedule::Constant { lr: self.learning_rate, decay_epoch: self.lr_decay_epoch },
            clip_norm: Some(CLIP_NORM),
        }
    }
}
