//! VICReg as a world model: predict the next encodings, and keep encodings spread over the batch.
//!
//! Sobal et al. (arXiv 2211.10831), equations 1 to 5. With `sim_coeff`, `std_coeff` and `cov_coeff` 0 and an
//! `action_coeff` it is inverse dynamics modelling.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::{Reduction, Tensor};

use super::jepa::{Architecture, Jepa, Views, later};
use super::{Explained, JointEmbedding};
use crate::data::Trajectories;
use crate::nn::{Arch, Parameters, Precision};
use crate::objectives::LossReport;
use crate::objectives::variance_covariance::{VarianceCovariance, variance_covariance};
use crate::settings::check::{Refusal, at_least, not_negative, positive, refuse};

/// Settings under `vicreg`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VicregSettings {
    /// Layer sizes of the projector such as `512-512-512`, or `id`.
    pub projector: String,
    /// Keeps the projector as it was initialised.
    pub random_projector: bool,
    /// `rnn`, `rnn_burnin`, `id`, `conv`, or the layer sizes of a residual MLP such as `515-512-512`.
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
    /// Weight of the error of actions read back from pairs of encodings.
    pub action_coeff: f64,
    /// Which encodings the action is read back from.
    pub action_pairs: ActionPairs,
    /// Weight of the difference between successive predictions.
    pub prediction_diff_coeff: f64,
    /// The backbone.
    pub arch: Arch,
    /// Passes over the data.
    pub epochs: usize,
    /// Learning rate for a batch of 256.
    pub base_lr: f64,
    /// Measures the prediction error between projections, else between encodings.
    pub repr_loss_after_projector: bool,
    /// Leaves frame 0 out of variance and covariance.
    pub skip_first_step_vc: bool,
    /// Features of an encoding, where the backbone lets one choose.
    pub embedding_size: usize,
    /// Numbers in an action.
    pub action_dim: usize,
    /// Layers of a recurrent predictor.
    pub rnn_layers: usize,
    /// Factor on the backbone's channels.
    pub backbone_width_factor: usize,
    /// Frames that the predictor `rnn_burnin` sees before it predicts.
    pub rnn_burnin: usize,
    /// Channels of an image.
    pub channels: usize,
}

/// Which pairs of encodings an action is read back from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionPairs {
    /// The prediction of this step and the encoding of the next, as the published code has it.
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
        }
    }
}

impl VicregSettings {
    /// Refuses what a model cannot be built from or trained with.
    pub fn check(&self) -> Result<(), Refusal> {
        at_least(1, &[("epochs", self.epochs), ("embedding_size", self.embedding_size)])?;
        at_least(1, &[("rnn_layers", self.rnn_layers), ("rnn_burnin", self.rnn_burnin)])?;
        at_least(1, &[("backbone_width_factor", self.backbone_width_factor)])?;
        positive(&[("base_lr", self.base_lr)])?;
        not_negative(&self.coefficients())?;
        if self.prediction_diff_coeff > 0.0 {
            return refuse("prediction_diff_coeff", "must be 0: the paper defines no such term");
        }
        let size = self.arch.check_embedding_size(self.embedding_size);
        size.or_else(|reason| refuse("embedding_size", reason))
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
        ]
    }
}

pub struct Vicreg {
    settings: VicregSettings,
    jepa: Jepa,
}

impl Vicreg {
    /// # Errors
    /// Names the setting that cannot be built.
    pub fn new(parameters: Parameters, settings: &VicregSettings, precision: Precision) -> Result<Self> {
        let jepa = Jepa::new(parameters, &settings.architecture(), precision)?;
        Ok(Self { settings: settings.clone(), jepa })
    }

    fn prediction_error(&self, views: &Views) -> Tensor {
        let (predicted, targets) = match &views.guesses {
            Some(guesses) => (guesses, &views.projections),
            None => (&views.predictions, &views.encodings),
        };
        predicted.mse_loss(&later(targets), Reduction::Mean)
    }

    fn spread(&self, frames: &Tensor) -> VarianceCovariance {
        let counted = if self.settings.skip_first_step_vc { later(frames) } else { frames.shallow_clone() };
        variance_covariance(&counted)
    }

    fn action_error(&self, views: &Views, actions: &Tensor) -> Tensor {
        let before = match self.settings.action_pairs {
            ActionPairs::Predictions => views.departures(),
            ActionPairs::Encodings => views.encodings.narrow(0, 0, actions.size()[0]),
        };
        self.jepa.action_error(&before, &later(&views.encodings), actions)
    }
}

impl JointEmbedding for Vicreg {
    fn jepa(&self) -> &Jepa {
        &self.jepa
    }

    fn loss(&self, batch: &Trajectories) -> Explained {
        let weights = &self.settings;
        let views = self.jepa.views(batch, weights.repr_loss_after_projector);
        let spread = self.spread(&views.projections);
        let mut parts = vec![
            ("repr", weights.sim_coeff, self.prediction_error(&views)),
            ("std", weights.std_coeff, spread.variance),
            ("cov", weights.cov_coeff, spread.covariance),
        ];
        if weights.encoding_std_coeff > 0.0 || weights.encoding_cov_coeff > 0.0 {
            let spread = self.spread(&views.encodings);
            parts.push(("enc_std", weights.encoding_std_coeff, spread.variance));
            parts.push(("enc_cov", weights.encoding_cov_coeff, spread.covariance));
        }
        if weights.action_coeff > 0.0 {
            parts.push(("action", weights.action_coeff, self.action_error(&views, &batch.actions)));
        }
        if let Some(error) = self.jepa.reconstruction_error(&views.encodings, &batch.states) {
            parts.push(("reconstruction", weights.decoding_coeff, error));
        }
        Explained { report: LossReport::weighted(parts), trace: views.trace() }
    }
}

impl VicregSettings {
    fn architecture(&self) -> Architecture<'_> {
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
        }
    }
}
