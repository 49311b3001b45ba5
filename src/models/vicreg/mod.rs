//! VICReg as a world model: predict the next encodings, and keep encodings spread over the batch.
//!
//! Sobal et al. (arXiv 2211.10831), equations 1 to 5. With `sim_coeff`, `std_coeff` and `cov_coeff` 0 and an
//! `action_coeff` it is inverse dynamics modelling.

mod settings;

use anyhow::Result;
use tch::{Reduction, Tensor};

use super::JointEmbedding;
use super::jepa::{Architecture, Jepa, departures, later};
use crate::data::Trajectories;
use crate::nn::{Mode, Parameters, Precision};
use crate::objectives::{LossReport, VarianceCovariance, variance_covariance};
pub use settings::{ActionPairs, VicregSettings};

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

    /// The loss with the encodings `[T, B, D]` and predictions `[T-1, B, D]` that it came from.
    pub fn explained_loss(&self, batch: &Trajectories) -> (LossReport, Tensor, Tensor) {
        let weights = &self.settings;
        let encodings = self.jepa.encode_frames(&batch.states, Mode::Train);
        let projections = self.jepa.project(&encodings, Mode::Train);
        let predictions = self.jepa.rollout(&encodings.get(0), &batch.actions, Mode::Train);
        let spread = self.spread(&projections);
        let mut parts = vec![
            ("repr", weights.sim_coeff, self.prediction_error(&encodings, &projections, &predictions)),
            ("std", weights.std_coeff, spread.variance),
            ("cov", weights.cov_coeff, spread.covariance),
        ];
        if weights.encoding_std_coeff > 0.0 || weights.encoding_cov_coeff > 0.0 {
            let spread = self.spread(&encodings);
            parts.push(("enc_std", weights.encoding_std_coeff, spread.variance));
            parts.push(("enc_cov", weights.encoding_cov_coeff, spread.covariance));
        }
        if weights.action_coeff > 0.0 {
            let error = self.action_error(&encodings, &predictions, &batch.actions);
            parts.push(("action", weights.action_coeff, error));
        }
        (LossReport::weighted(parts), encodings, predictions)
    }

    fn prediction_error(&self, encodings: &Tensor, projections: &Tensor, predictions: &Tensor) -> Tensor {
        if self.settings.repr_loss_after_projector {
            self.jepa
                .project_predictions(predictions, Mode::Train)
                .mse_loss(&later(projections), Reduction::Mean)
        } else {
            predictions.mse_loss(&later(encodings), Reduction::Mean)
        }
    }

    fn spread(&self, frames: &Tensor) -> VarianceCovariance {
        let counted = if self.settings.skip_first_step_vc { later(frames) } else { frames.shallow_clone() };
        variance_covariance(&counted)
    }

    fn action_error(&self, encodings: &Tensor, predictions: &Tensor, actions: &Tensor) -> Tensor {
        let before = match self.settings.action_pairs {
            ActionPairs::Predictions => departures(encodings, predictions),
            ActionPairs::Encodings => encodings.narrow(0, 0, actions.size()[0]),
        };
        self.jepa.action_error(&before, &later(encodings), actions)
    }
}

impl JointEmbedding for Vicreg {
    fn jepa(&self) -> &Jepa {
        &self.jepa
    }

    fn loss(&self, batch: &Trajectories) -> LossReport {
        self.explained_loss(batch).0
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
