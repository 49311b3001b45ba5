//! The architecture of a joint embedding model, as its settings give it.

use super::split::SplitSettings;
use crate::datasets::IMAGE_SIZE;
use crate::nn::{Arch, BackboneShape, Predictor, PredictorShape};
use crate::settings::check::{DEEPEST, InvalidSetting, WIDEST, at_least, at_most, refuse};

/// The networks of a joint embedding model, and the settings section that names them in errors.
pub struct Architecture<'a> {
    /// The section of the settings, such as `vicreg`.
    pub section: &'static str,
    pub arch: Arch,
    pub channels: usize,
    /// Factor on the channels of the backbone `menet5`.
    pub width: usize,
    pub embedding_size: usize,
    pub backbone_mlp: Option<&'a str>,
    pub projector: &'a str,
    pub random_projector: bool,
    pub predictor: &'a str,
    pub rnn_layers: usize,
    pub rnn_burnin: usize,
    pub action_dim: usize,
    pub decoding_coeff: f64,
    /// The share of the target encoder kept in a step; 0 means no target encoder.
    pub ema: f64,
    /// The parts of a split code; `None` for a code in one piece.
    pub split: Option<&'a SplitSettings>,
}

impl<'a> Architecture<'a> {
    /// Refuses sizes that no model can be built with.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("embedding_size", self.embedding_size), ("rnn_layers", self.rnn_layers)])?;
        at_least(1, &[("rnn_burnin", self.rnn_burnin), ("backbone_width_factor", self.width)])?;
        at_most(WIDEST, &[("embedding_size", self.embedding_size), ("rnn_burnin", self.rnn_burnin)])?;
        at_most(DEEPEST, &[("rnn_layers", self.rnn_layers)])?;
        at_most(Arch::MOST_WIDTH, &[("backbone_width_factor", self.width)])?;
        let burn_in = Predictor::check_burn_in(self.predictor, self.rnn_burnin);
        burn_in.or_else(|reason| refuse("rnn_burnin", reason))?;
        let size = self.arch.check_embedding_size(self.embedding_size);
        size.or_else(|reason| refuse("embedding_size", reason))
    }

    pub fn backbone(&self) -> BackboneShape<'a> {
        BackboneShape {
            arch: self.arch,
            channels: self.channels as i64,
            side: IMAGE_SIZE as i64,
            width: self.width as i64,
            embedding_size: self.embedding_size as i64,
            mlp: self.backbone_mlp,
        }
    }

    pub fn predictor(&self, embedding: i64) -> PredictorShape<'a> {
        PredictorShape {
            arch: self.predictor,
            embedding,
            action_size: self.action_dim as i64,
            side: IMAGE_SIZE as i64,
            rnn_layers: self.rnn_layers as i64,
        }
    }
}
