//! SimCLR as a world model: contrast each prediction with the encodings of other sequences or
//! frames.
//!
//! Sobal et al. (arXiv 2211.10831), section 3; the loss is that of Chen et al. (arXiv 2002.05709),
//! equation 1.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::adamw::{AdamwSettings, OptimizerChoice, recipe};
use super::architecture::Architecture;
use super::jepa::Jepa;
use super::split::SplitSettings;
use super::views::{Views, later};
use super::{JointEmbedding, LossOutput};
use crate::nn::{Arch, Parameters, Precision};
use crate::objectives::LossReport;
use crate::objectives::info_nce::info_nce;
use crate::objectives::split_code::{SplitCode, SplitLosses};
use crate::objectives::trajectory_contrast::trajectory_contrast;
use crate::optim::Recipe;
use crate::settings::check::{
    InvalidSetting, MOST, at_least, at_most, not_negative, positive, refuse, within,
};
use crate::worlds::dots::data::Trajectories;

/// Settings under `simclr`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimclrSettings {
    /// Layer sizes of the projector such as `512-512-512`, or `id`.
    pub projector: String,
    /// Does not train the projector.
    pub random_projector: bool,
    /// `rnn`, `rnn_burnin`, `id`, `conv`, or the layer sizes of a residual MLP such as
    /// `515-512-512`.
    pub predictor: String,
    /// Layer sizes of an MLP after the backbone such as `512-256`.
    pub backbone_mlp: Option<String>,
    /// Passes over the data.
    pub epochs: usize,
    /// Learning rate for a batch of 256.
    pub base_lr: f64,
    /// Weight of the reconstruction error; above 0 it adds a decoder.
    pub decoding_coeff: f64,
    /// Weight of the error of actions predicted from pairs of encodings.
    pub action_coeff: f64,
    /// The backbone.
    pub arch: Arch,
    /// Features of an encoding, for backbones of variable size.
    pub embedding_size: usize,
    /// Numbers in an action.
    pub action_dim: usize,
    /// Layers of a recurrent predictor.
    pub rnn_layers: usize,
    /// Frames that the predictor `rnn_burnin` sees before it predicts.
    pub rnn_burnin: usize,
    /// Factor on the channels of the backbone `menet5`.
    pub backbone_width_factor: usize,
    /// Divides projections by their norms before comparing them.
    pub normalize_z: bool,
    /// The temperature that divides similarities.
    pub loss_temp: f64,
    /// Channels of an image.
    pub channels: usize,
    /// Ours: the negatives of a prediction.
    pub negatives: Negatives,
    /// Ours: settings of `negatives: split`.
    pub split: SplitSettings,
    /// Ours: the optimiser.
    pub optimizer: OptimizerChoice,
    /// Ours: settings of `optimizer: adamw`.
    pub adamw: AdamwSettings,
}

/// The negatives of a prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Negatives {
    /// The frames of the batch's other sequences at the same step.
    #[default]
    Batch,
    /// The other frames of its own sequence.
    Trajectory,
    /// Both, as the sum of two losses.
    Both,
    /// The first features of an encoding have the other frames of the sequence, the others have other
    /// sequences.
    Split,
}

impl Default for SimclrSettings {
    fn default() -> Self {
        Self {
            projector: "512-512-512".into(),
            random_projector: false,
            predictor: "rnn".into(),
            backbone_mlp: None,
            epochs: 100,
            base_lr: 0.2,
            decoding_coeff: 0.0,
            action_coeff: 0.0,
            arch: Arch::Menet5,
            embedding_size: 64,
            action_dim: 2,
            rnn_layers: 1,
            rnn_burnin: 1,
            backbone_width_factor: 1,
            normalize_z: false,
            loss_temp: 1.0,
            channels: 1,
            negatives: Negatives::Batch,
            split: SplitSettings::default(),
            optimizer: OptimizerChoice::Lars,
            adamw: AdamwSettings::default(),
        }
    }
}

impl SimclrSettings {
    /// Refuses values that no model can be built or trained with.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("epochs", self.epochs)])?;
        at_most(MOST, &[("epochs", self.epochs)])?;
        positive(&[("base_lr", self.base_lr), ("loss_temp", self.loss_temp)])?;
        within("adamw", self.adamw.check())?;
        not_negative(&[("decoding_coeff", self.decoding_coeff), ("action_coeff", self.action_coeff)])?;
        within("split", self.split.check())?;
        if self.negatives == Negatives::Split && self.projector != "id" {
            return refuse("projector", "must be `id` with simclr.negatives=split, which splits encodings");
        }
        self.architecture().check()
    }
}

/// A world model trained by SimCLR.
pub struct Simclr {
    settings: SimclrSettings,
    jepa: Jepa,
}

impl Simclr {
    /// The model of these settings.
    ///
    /// # Errors
    /// Names the setting that cannot be read.
    pub fn new(parameters: Parameters, settings: &SimclrSettings, precision: Precision) -> Result<Self> {
        let jepa = Jepa::new(parameters, &settings.architecture(), precision)?;
        Ok(Self { settings: settings.clone(), jepa })
    }

    /// The weighted contrastive losses of the settings.
    fn contrasts(&self, views: &Views) -> Vec<(&'static str, f64, Tensor)> {
        let SimclrSettings { negatives, normalize_z, loss_temp, .. } = self.settings;
        let predicted = views.projected_predictions.as_ref().expect("SimCLR projects its predictions");
        let batch = || info_nce(predicted, &later(&views.projections), normalize_z, loss_temp);
        // Frame 0 has no prediction. Its own projection replaces one, so that it is a negative of
        // all others.
        let all = || Tensor::cat(&[views.projections.narrow(0, 0, 1), predicted.shallow_clone()], 0);
        let trajectory = || trajectory_contrast(&all(), &views.projections, normalize_z, loss_temp);
        match negatives {
            Negatives::Batch => vec![("contrast", 1.0, batch())],
            Negatives::Trajectory => vec![("time_contrast", 1.0, trajectory())],
            Negatives::Both => vec![("contrast", 1.0, batch()), ("time_contrast", 1.0, trajectory())],
            Negatives::Split => self.split(&all(), &views.projections),
        }
    }

    /// The weighted losses of a split code, for predictions and frames `[T, B, D]`.
    fn split(&self, predictions: &Tensor, frames: &Tensor) -> Vec<(&'static str, f64, Tensor)> {
        let SimclrSettings { split, normalize_z, loss_temp, .. } = self.settings;
        let parts = self.jepa.parts().expect("a split code has parts");
        let code = SplitCode {
            slow: parts.slow,
            constant: parts.constant,
            normalize: normalize_z,
            temperatures: [loss_temp, split.temp.unwrap_or(loss_temp), split.constant_temp],
            gate: split.gate,
        };
        let SplitLosses { time, slow, constant, invariance } = code.losses(predictions, frames);
        let constant = constant.map(|constant| ("constant_contrast", split.constant_weight, constant));
        let invariance_weight = split.invariance_weight / parts.unit_squared();
        [
            ("time_contrast", 1.0, time),
            ("contrast", split.weight, slow),
            ("invariance", invariance_weight, invariance),
        ]
        .into_iter()
        .chain(constant)
        .collect()
    }
}

impl JointEmbedding for Simclr {
    fn jepa(&self) -> &Jepa {
        &self.jepa
    }

    fn loss(&self, batch: &Trajectories) -> LossOutput {
        let SimclrSettings { action_coeff, decoding_coeff, .. } = self.settings;
        let views = self.jepa.views(batch, true);
        let mut parts = self.contrasts(&views);
        if action_coeff > 0.0 {
            let error =
                self.jepa.action_error(&views.previous_states(), &later(&views.encodings), &views.actions);
            parts.push(("action", action_coeff, error));
        }
        if let Some(error) = self.jepa.reconstruction_error(&views.encodings, &batch.states) {
            parts.push(("reconstruction", decoding_coeff, error));
        }
        LossOutput { report: LossReport::weighted(parts), activations: views.activations() }
    }
}

impl SimclrSettings {
    /// The recipe of training.
    pub fn recipe(&self) -> Recipe {
        recipe(self.optimizer, self.epochs, self.base_lr, &self.adamw)
    }

    fn architecture(&self) -> Architecture<'_> {
        Architecture {
            section: "simclr",
            arch: self.arch,
            channels: self.channels,
            width: self.backbone_width_factor,
            embedding_size: self.embedding_size,
            backbone_mlp: self.backbone_mlp.as_deref(),
            projector: &self.projector,
            random_projector: self.random_projector,
            predictor: &self.predictor,
            rnn_layers: self.rnn_layers,
            rnn_burnin: self.rnn_burnin,
            action_dim: self.action_dim,
            decoding_coeff: self.decoding_coeff,
            ema: 0.0,
            split: (self.negatives == Negatives::Split).then_some(&self.split),
        }
    }
}
