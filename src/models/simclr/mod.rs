//! SimCLR as a world model: tell the encoding that follows from all others of the batch.
//!
//! Sobal et al. (arXiv 2211.10831), section 3; the loss is that of Chen et al. (arXiv 2002.05709), equation 1.

mod settings;

use anyhow::Result;

use super::JointEmbedding;
use super::jepa::{Architecture, Jepa, departures, later};
use crate::data::Trajectories;
use crate::nn::{Mode, Parameters, Precision};
use crate::objectives::{LossReport, info_nce};
pub use settings::SimclrSettings;

pub struct Simclr {
    settings: SimclrSettings,
    jepa: Jepa,
}

impl Simclr {
    /// # Errors
    /// Names the setting that cannot be built.
    pub fn new(parameters: Parameters, settings: &SimclrSettings, precision: Precision) -> Result<Self> {
        let jepa = Jepa::new(parameters, &settings.architecture(), precision)?;
        Ok(Self { settings: settings.clone(), jepa })
    }
}

impl JointEmbedding for Simclr {
    fn jepa(&self) -> &Jepa {
        &self.jepa
    }

    fn loss(&self, batch: &Trajectories) -> LossReport {
        let encodings = self.jepa.encode_frames(&batch.states, Mode::Train);
        let predictions = self.jepa.rollout(&encodings.get(0), &batch.actions, Mode::Train);
        let targets = later(&self.jepa.project(&encodings, Mode::Train));
        let guesses = self.jepa.project_predictions(&predictions, Mode::Train);
        let SimclrSettings { normalize_z, loss_temp, action_coeff, .. } = self.settings;
        let contrast = info_nce(&guesses, &targets, normalize_z, loss_temp);
        let mut parts = vec![("contrast", 1.0, contrast)];
        if action_coeff > 0.0 {
            let before = departures(&encodings, &predictions);
            parts.push((
                "action",
                action_coeff,
                self.jepa.action_error(&before, &later(&encodings), &batch.actions),
            ));
        }
        LossReport::weighted(parts)
    }
}

impl SimclrSettings {
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
        }
    }
}
