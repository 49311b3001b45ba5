//! The encoder and the decoder between a domain and the workspace.

use tch::Tensor;

use super::{Domain, GwSettings};
use crate::nn::{Masks, ReluMlp, Scope};

/// The encoder and the decoder of one domain.
pub struct Networks {
    encoder: ReluMlp,
    decoder: ReluMlp,
}

impl Networks {
    /// The networks of `domain` with the sizes of `settings`, in the scopes `encoders` and
    /// `decoders`.
    pub fn new(root: &Scope, domain: &Domain, settings: &GwSettings) -> Self {
        let (width, state) = (domain.width(), settings.z_size as i64);
        let hidden = |layers: usize| {
            let count = if settings.linear { 0 } else { layers };
            vec![settings.hidden_of(&domain.name) as i64; count]
        };
        let scope = |kind: &str| root.sub(kind).sub(&domain.name);
        let encoder =
            [vec![width], hidden(settings.encoder_layers_of(&domain.name) + 1), vec![state]].concat();
        let trunk = [vec![state], hidden(settings.n_layers_decoder + 1)].concat();
        let heads = domain.parts.iter().map(|part| {
            let sizes = [hidden(settings.n_layers_decoder_head), vec![part.width]].concat();
            (scope("decoders").sub("encoder_head").sub(part.name), sizes)
        });
        let heads: Vec<_> = heads.collect();
        Self {
            encoder: ReluMlp::new(&scope("encoders").sub("encoder"), &encoder),
            decoder: ReluMlp::with_heads(&scope("decoders").sub("encoder"), &trunk, &heads),
        }
    }

    /// The encoding `[N, z_size]` of latents `[N, width]`, before tanh.
    pub fn encode(&self, latents: &Tensor, masks: Option<&Masks>) -> Tensor {
        self.encoder.forward(latents, masks)
    }

    /// The decoder's outputs `[N, width]` for states `[N, z_size]`, before the activations of
    /// parts.
    pub fn decode(&self, states: &Tensor, masks: Option<&Masks>) -> Tensor {
        self.decoder.forward(states, masks)
    }
}
