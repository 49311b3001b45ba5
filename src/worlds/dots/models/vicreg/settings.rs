//! The settings of a VICReg world model.

use serde::{Deserialize, Serialize};

use crate::nn::Arch;
use crate::optim::Recipe;
use crate::settings::check::{
    InvalidSetting, MOST, WIDEST, at_least, at_most, not_negative, positive, refuse, within,
};
use crate::worlds::dots::models::adamw::{AdamwSettings, OptimizerChoice, recipe};
use crate::worlds::dots::models::architecture::Architecture;

/// Settings under `vicreg`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VicregSettings {
    /// Layer sizes of the projector such as `512-512-512`, or `id`.
    pub projector: String,
    /// Does not train the projector.
    pub random_projector: bool,
    /// `rnn`, `rnn_burnin`, `id`, `conv`, or the layer sizes of a residual MLP such as
    /// `515-512-512`.
    pub predictor: String,
    /// Layer sizes of an MLP after the backbone such as `512-256`.
    pub backbone_mlp: Option<String>,
    /// Weight of the prediction error.
    pub sim_coeff: f64,
    /// Weight of the variance term on projections.
    pub std_coeff: f64,
    /// Weight of the covariance term on projections.
    pub cov_coeff: f64,
    /// Weight of the variance term on encodings.
    pub encoding_std_coeff: f64,
    /// Weight of the covariance term on encodings.
    pub encoding_cov_coeff: f64,
    /// Weight of the reconstruction error; above 0 it adds a decoder.
    pub decoding_coeff: f64,
    /// Weight of the error of actions predicted from pairs of encodings.
    pub action_coeff: f64,
    /// The pairs of encodings that actions are predicted from.
    pub action_pairs: ActionPairs,
    /// Weight of the difference between successive predictions.
    pub prediction_diff_coeff: f64,
    /// The backbone.
    pub arch: Arch,
    /// Passes over the data.
    pub epochs: usize,
    /// Learning rate for a batch of 256.
    pub base_lr: f64,
    /// Computes the prediction error between projections instead of encodings.
    pub repr_loss_after_projector: bool,
    /// Excludes frame 0 from variance and covariance.
    pub skip_first_step_vc: bool,
    /// Features of an encoding, for backbones of variable size.
    pub embedding_size: usize,
    /// Numbers in an action.
    pub action_dim: usize,
    /// Layers of a recurrent predictor.
    pub rnn_layers: usize,
    /// Factor on the channels of the backbone `menet5`.
    pub backbone_width_factor: usize,
    /// Frames that the predictor `rnn_burnin` sees before it predicts.
    pub rnn_burnin: usize,
    /// Channels of an image.
    pub channels: usize,
    /// Ours: weight of the variance term along time within each sequence.
    pub time_std_coeff: f64,
    /// Ours: weight of the covariance term along time within each sequence.
    pub time_cov_coeff: f64,
    /// Ours: subtracts the mean of each sequence before the variance and covariance terms, which
    /// are computed over all frames together.
    pub center_trajectories: bool,
    /// Ours: weight of the sketched isotropic Gaussian regularisation.
    pub sigreg_coeff: f64,
    /// Ours: the rows whose distribution that regularisation compares with a Gaussian.
    pub sigreg_axis: SigregAxis,
    /// Ours: the number of its random directions, drawn anew in every step.
    pub sigreg_directions: usize,
    /// Ours: weight of the Barlow Twins loss between predictions and targets.
    pub barlow_coeff: f64,
    /// Ours: the share of the target encoder kept in each step, for example 0.99; 0 means no target
    /// encoder.
    pub ema: f64,
    /// Ours: the optimiser.
    pub optimizer: OptimizerChoice,
    /// Ours: settings of `optimizer: adamw`.
    pub adamw: AdamwSettings,
}

/// The rows of one empirical distribution in sketched isotropic Gaussian regularisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SigregAxis {
    /// The batch, for each frame.
    #[default]
    Batch,
    /// The frames of each sequence.
    Time,
}

/// The pairs of encodings that actions are predicted from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionPairs {
    /// The prediction of this step and the encoding of the next, as in the published code.
    #[default]
    Predictions,
    /// The encodings of this step and the next.
    Encodings,
}

impl Default for VicregSettings {
    fn default() -> Self {
        Self {
            projector: "512-512-512".into(),
            random_projector: false,
            predictor: "515-512-512".into(),
            backbone_mlp: None,
            sim_coeff: 25.0,
            std_coeff: 25.0,
            cov_coeff: 1.0,
            encoding_std_coeff: 0.0,
            encoding_cov_coeff: 0.0,
            decoding_coeff: 0.0,
            action_coeff: 0.0,
            action_pairs: ActionPairs::Predictions,
            prediction_diff_coeff: 0.0,
            arch: Arch::Resnet18,
            epochs: 100,
            base_lr: 0.2,
            repr_loss_after_projector: true,
            skip_first_step_vc: false,
            embedding_size: 64,
            action_dim: 2,
            rnn_layers: 1,
            backbone_width_factor: 1,
            rnn_burnin: 1,
            channels: 1,
            time_std_coeff: 0.0,
            time_cov_coeff: 0.0,
            center_trajectories: false,
            sigreg_coeff: 0.0,
            sigreg_axis: SigregAxis::Batch,
            sigreg_directions: 64,
            barlow_coeff: 0.0,
            ema: 0.0,
            optimizer: OptimizerChoice::Lars,
            adamw: AdamwSettings::default(),
        }
    }
}

impl VicregSettings {
    /// Refuses values that no model can be built or trained with.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("epochs", self.epochs), ("sigreg_directions", self.sigreg_directions)])?;
        at_most(MOST, &[("epochs", self.epochs)])?;
        at_most(WIDEST, &[("sigreg_directions", self.sigreg_directions)])?;
        positive(&[("base_lr", self.base_lr)])?;
        within("adamw", self.adamw.check())?;
        not_negative(&self.coefficients())?;
        if !(0.0..1.0).contains(&self.ema) {
            return refuse("ema", format!("must be 0 or more and below 1, but is {}", self.ema));
        }
        if self.prediction_diff_coeff > 0.0 {
            return refuse("prediction_diff_coeff", "must be 0: the paper defines no such term");
        }
        self.architecture().check()
    }

    fn coefficients(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("sim_coeff", self.sim_coeff),
            ("std_coeff", self.std_coeff),
            ("cov_coeff", self.cov_coeff),
            ("encoding_std_coeff", self.encoding_std_coeff),
            ("encoding_cov_coeff", self.encoding_cov_coeff),
            ("decoding_coeff", self.decoding_coeff),
            ("action_coeff", self.action_coeff),
            ("prediction_diff_coeff", self.prediction_diff_coeff),
            ("time_std_coeff", self.time_std_coeff),
            ("time_cov_coeff", self.time_cov_coeff),
            ("sigreg_coeff", self.sigreg_coeff),
            ("barlow_coeff", self.barlow_coeff),
        ]
    }
}

impl VicregSettings {
    /// The recipe of training.
    pub fn recipe(&self) -> Recipe {
        recipe(self.optimizer, self.epochs, self.base_lr, &self.adamw)
    }

    pub(super) fn architecture(&self) -> Architecture<'_> {
        Architecture {
            section: "vicreg",
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
            ema: self.ema,
            split: None,
        }
    }
}
