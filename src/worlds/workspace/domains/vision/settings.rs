//! The settings of the vision domain.

use serde::{Deserialize, Serialize};

use crate::optim::{Cycle, LrSchedule, OptimizerKind, Recipe};
use crate::settings::check::{
    InvalidSetting, MOST, WIDEST, at_least, at_most, not_negative, positive, refuse,
};
use crate::worlds::workspace::models::ScheduleKind;

/// Adam's epsilon.
const EPSILON: f64 = 1e-8;
/// The factor of the learning rate with `schedule: published`, and the passes over the training
/// images after which it is applied.
const DECAY: f64 = 0.9;
const PASSES_TO_DECAY: usize = 100;

/// Settings under `vision`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VisionSettings {
    /// Channels of the smallest maps of the published networks, a multiple of 8.
    pub ae_size: usize,
    /// Numbers in a latent.
    pub z_size: usize,
    /// The weight of the divergence of the posterior from the prior.
    pub beta: f64,
    /// The spread of the pixels around their reconstruction.
    #[serde(rename = "type")]
    pub spread: PixelSpread,
    /// Features of the linear layers of the light networks; null takes the published networks,
    /// which have none.
    pub hidden: Option<usize>,
    /// Channels of the largest maps of the light networks.
    pub channels: usize,
    /// The share of the steps over which `beta` rises linearly from 0.
    pub beta_warmup: f64,
    /// Images in a batch.
    pub batch_size: usize,
    /// The learning rate, or its peak; null takes the schedule's own: 2e-3 for `onecycle`, 3e-4 for
    /// `published`.
    pub lr: Option<f64>,
    /// L2 decay, which Adam adds to the gradients.
    pub weight_decay: f64,
    /// The learning rate over the run: `onecycle` goes up to `lr` in the first fifth and down to a
    /// hundredth of it, `published` multiplies `lr` by .9 every 100 passes over the images.
    pub schedule: ScheduleKind,
    /// Training steps.
    pub steps: usize,
    /// Replaces the three colours of each pixel by their mean.
    pub colour_blind: bool,
}

/// The standard deviation of a pixel around its reconstruction (Rybkin, Daniilidis and Levine,
/// *Simple and Effective VAE Training with Calibrated Decoders*, arXiv 2006.13202).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PixelSpread {
    /// 1.
    #[default]
    Beta,
    /// A trained number.
    Sigma,
    /// The root mean squared error of the batch, at least exp(-6).
    OptimalSigma,
}

impl Default for VisionSettings {
    fn default() -> Self {
        Self {
            ae_size: 512,
            z_size: 12,
            beta: 0.1,
            spread: PixelSpread::default(),
            hidden: None,
            channels: 16,
            beta_warmup: 0.0,
            batch_size: 512,
            lr: None,
            weight_decay: 1e-5,
            schedule: ScheduleKind::default(),
            steps: 20_000,
            colour_blind: false,
        }
    }
}

impl VisionSettings {
    /// Refuses values that no model can be built or trained with.
    ///
    /// # Errors
    /// The key below `vision` and what is allowed there.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let hidden = self.hidden.unwrap_or(1);
        let widths = [
            ("ae_size", self.ae_size),
            ("z_size", self.z_size),
            ("hidden", hidden),
            ("channels", self.channels),
        ];
        at_least(1, &widths)?;
        at_most(WIDEST, &widths)?;
        at_least(2, &[("batch_size", self.batch_size)])?;
        at_least(1, &[("steps", self.steps)])?;
        at_most(MOST, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        not_negative(&[("beta", self.beta), ("weight_decay", self.weight_decay)])?;
        positive(&[("lr", self.peak_lr())])?;
        if !self.ae_size.is_multiple_of(8) {
            return refuse("ae_size", format!("must be a multiple of 8, but is {}", self.ae_size));
        }
        if !(0.0..=1.0).contains(&self.beta_warmup) {
            return refuse("beta_warmup", format!("must be from 0 to 1, but is {}", self.beta_warmup));
        }
        Ok(())
    }

    /// Adam with L2 decay and the schedule of these settings, for a run whose epochs are single
    /// steps. A pass over the training images takes `steps_per_pass` steps.
    pub fn recipe(&self, steps_per_pass: u64) -> Recipe {
        let lr = self.peak_lr();
        let passes = PASSES_TO_DECAY * steps_per_pass as usize;
        Recipe {
            epochs: self.steps,
            optimizer: OptimizerKind::Adam { epsilon: EPSILON, l2: self.weight_decay },
            lr: match self.schedule {
                ScheduleKind::OneCycle => LrSchedule::Cycle(Cycle::new(lr)),
                ScheduleKind::Published => LrSchedule::Stepwise { lr, factor: DECAY, epochs: passes },
            },
            clip_norm: None,
        }
    }

    /// The learning rate of `lr`, or of the schedule where `lr` is null.
    pub fn peak_lr(&self) -> f64 {
        let own = match self.schedule {
            ScheduleKind::OneCycle => 2e-3,
            ScheduleKind::Published => 3e-4,
        };
        self.lr.unwrap_or(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_what_cannot_be_built_is_named() {
        assert_eq!(VisionSettings::default().check(), Ok(()));
        let key = |change: fn(&mut VisionSettings)| {
            let mut settings = VisionSettings::default();
            change(&mut settings);
            settings.check().unwrap_err().0
        };
        assert_eq!(key(|s| s.ae_size = 12), "ae_size");
        assert_eq!(key(|s| s.hidden = Some(0)), "hidden");
        assert_eq!(key(|s| s.beta_warmup = 1.5), "beta_warmup");
        assert_eq!(key(|s| s.beta = f64::NAN), "beta");
        assert_eq!(key(|s| s.batch_size = 1), "batch_size");
    }

    #[test]
    fn each_schedule_has_its_own_rate() {
        let schedule = |schedule| VisionSettings { schedule, ..VisionSettings::default() };
        assert_eq!(schedule(ScheduleKind::OneCycle).peak_lr(), 2e-3);
        assert_eq!(schedule(ScheduleKind::Published).peak_lr(), 3e-4);
        assert_eq!(VisionSettings { lr: Some(0.1), ..schedule(ScheduleKind::Published) }.peak_lr(), 0.1);
    }
}
