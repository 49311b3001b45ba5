//! VICReg as a world model: predict the next encodings, with regularisers against collapse.
//!
//! Sobal et al. (arXiv 2211.10831), equations 1 to 5. With `sim_coeff`, `std_coeff` and `cov_coeff`
//! 0 and an `action_coeff` it is inverse dynamics modelling (IDM).

mod settings;
mod spread;

use anyhow::Result;
use tch::{Reduction, Tensor};

pub use settings::{ActionPairs, SigregAxis, VicregSettings};

use super::jepa::Jepa;
use super::views::{Views, later};
use super::{JointEmbedding, LossOutput};
use crate::nn::{Parameters, Precision};
use crate::objectives::LossReport;
use crate::objectives::cross_correlation::cross_correlation;
use crate::worlds::dots::data::Trajectories;

/// A world model trained by VICReg.
pub struct Vicreg {
    settings: VicregSettings,
    jepa: Jepa,
}

impl Vicreg {
    /// The model of these settings.
    ///
    /// # Errors
    /// Names the setting that cannot be read.
    pub fn new(parameters: Parameters, settings: &VicregSettings, precision: Precision) -> Result<Self> {
        let jepa = Jepa::new(parameters, &settings.architecture(), precision)?;
        Ok(Self { settings: settings.clone(), jepa })
    }

    /// Predictions and their targets, encodings or projections, `[T-1, B, ..]` both.
    fn compared(&self, views: &Views) -> (Tensor, Tensor) {
        let (encodings, projections) = match &views.targets {
            Some((encodings, projections)) => (encodings, projections),
            None => (&views.encodings, &views.projections),
        };
        match &views.projected_predictions {
            Some(projected) => (projected.shallow_clone(), later(projections)),
            None => (views.predictions.shallow_clone(), later(encodings)),
        }
    }

    fn action_error(&self, views: &Views) -> Tensor {
        let before = match self.settings.action_pairs {
            ActionPairs::Predictions => views.previous_states(),
            ActionPairs::Encodings => views.encodings.narrow(0, 0, views.actions.size()[0]),
        };
        self.jepa.action_error(&before, &later(&views.encodings), &views.actions)
    }
}

impl JointEmbedding for Vicreg {
    fn jepa(&self) -> &Jepa {
        &self.jepa
    }

    fn loss(&self, batch: &Trajectories) -> LossOutput {
        let weights = &self.settings;
        let views = self.jepa.views(batch, weights.repr_loss_after_projector);
        let (predicted, targets) = self.compared(&views);
        let mut parts = vec![("repr", weights.sim_coeff, predicted.mse_loss(&targets, Reduction::Mean))];
        parts.extend(self.spread(&views, batch.index));
        if weights.barlow_coeff > 0.0 {
            let flat = |x: &Tensor| x.flatten(0, 1);
            parts.push((
                "barlow",
                weights.barlow_coeff,
                cross_correlation(&flat(&predicted), &flat(&targets)),
            ));
        }
        if weights.action_coeff > 0.0 {
            parts.push(("action", weights.action_coeff, self.action_error(&views)));
        }
        if let Some(error) = self.jepa.reconstruction_error(&views.encodings, &batch.states) {
            parts.push(("reconstruction", weights.decoding_coeff, error));
        }
        LossOutput { report: LossReport::weighted(parts), activations: views.activations() }
    }
}
