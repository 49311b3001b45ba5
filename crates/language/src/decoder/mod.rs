//! The decoder language model of Qwen2 and Llama.

mod attention;
mod block;
mod growth;
mod norm;
mod rope;
mod shapes;
mod weights;

use std::collections::HashMap;

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_torch::nn::Parameters;

use self::block::Block;
use self::norm::RmsNorm;
use self::rope::Rope;
use self::weights::Builder;
use crate::cache::LayerCache;
use crate::config::LmConfig;

pub(crate) use self::attention::{Visible, readable};
pub use self::shapes::{count, shapes};
pub use self::weights::{InitialWeights, Weights};

/// A decoder language model: embedding, blocks, a last normalisation and a head.
pub struct DecoderLm {
    config: LmConfig,
    parameters: Parameters,
    embedding: Tensor,
    blocks: Vec<Block>,
    norm: RmsNorm,
    /// `[V, d]`; the embedding itself where the head is tied.
    head: Tensor,
    rope: Rope,
}

impl DecoderLm {
    /// A decoder with the tensors of `weights` in the number format `kind`, all of them parameters.
    ///
    /// # Errors
    /// When the sizes do not fit each other or a tensor cannot be had; the error names it.
    pub fn new(config: LmConfig, weights: &mut dyn Weights, kind: Kind, device: Device) -> Result<Self> {
        config.check()?;
        ensure!(
            matches!(kind, Kind::Float | Kind::BFloat16 | Kind::Half | Kind::Double),
            "a decoder's weights are floating-point numbers, not {kind:?}"
        );
        let parameters = Parameters::new(device, 0);
        let shapes: HashMap<_, _> = shapes(&config).into_iter().collect();
        let mut builder = Builder { parameters: &parameters, weights, shapes, kind };
        let embedding = builder.tensor("model.embed_tokens.weight")?;
        let blocks = (0..config.layers).map(|layer| Block::new(&mut builder, layer, &config));
        let blocks = blocks.collect::<Result<_>>()?;
        let norm = RmsNorm { weight: builder.tensor("model.norm.weight")?, epsilon: config.epsilon };
        let head = if config.tied { embedding.shallow_clone() } else { builder.tensor("lm_head.weight")? };
        let rope = Rope::new(&config.rope, config.head, device);
        Ok(Self { config, parameters, embedding, blocks, norm, head, rope })
    }

    /// A decoder at the start of training, in float32; a function of the configuration and `seed`.
    ///
    /// # Errors
    /// When the sizes do not fit each other.
    pub fn initial(config: LmConfig, seed: u64, device: Device) -> Result<Self> {
        let mut weights = InitialWeights { seed, range: config.initializer_range };
        Self::new(config, &mut weights, Kind::Float, device)
    }

    pub fn config(&self) -> &LmConfig {
        &self.config
    }

    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The number format of the weights.
    pub fn kind(&self) -> Kind {
        self.embedding.kind()
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.parameters.device()
    }

    /// The embeddings `[.., d]` of token ids `[..]`.
    pub fn embed(&self, ids: &Tensor) -> Tensor {
        Tensor::embedding(&self.embedding, ids, -1, false, false)
    }

    /// The whole embedding, `[V, d]`.
    pub fn embedding(&self) -> &Tensor {
        &self.embedding
    }

    /// The logits `[.., V]` of hidden states `[.., d]`.
    pub fn logits(&self, hidden: &Tensor) -> Tensor {
        hidden.linear(&self.head, None::<&Tensor>)
    }

    /// The last hidden states `[B, T, d]`, after the last normalisation, of embeddings `[B, T, d]`
    /// at the positions 0..T.
    ///
    /// The boolean mask `[B, T]` is false at positions that the others do not read. Rows that are
    /// padded on the right need none.
    pub fn hidden(&self, embeddings: &Tensor, mask: Option<&Tensor>) -> Tensor {
        let time = embeddings.size()[1];
        let positions = Tensor::arange(time, (Kind::Int64, self.device())).unsqueeze(0);
        let visible = mask.map_or(Visible::Causal, |mask| Visible::Masked(readable(mask, 0)));
        self.run(embeddings, &positions, &visible, None)
    }

    /// The last hidden states `[B, T, d]` of embeddings `[B, T, d]` at `positions` `[B or 1, T]`.
    pub(crate) fn run(
        &self,
        embeddings: &Tensor,
        positions: &Tensor,
        visible: &Visible,
        caches: Option<&mut [LayerCache]>,
    ) -> Tensor {
        let rotation = self.rope.at(positions, embeddings.kind());
        let mut caches = caches.map(|caches| caches.iter_mut());
        let mut x = embeddings.shallow_clone();
        for block in &self.blocks {
            x = block.forward(&x, &rotation, visible, caches.as_mut().and_then(Iterator::next));
        }
        self.norm.forward(&x)
    }
}

#[cfg(test)]
mod tests;
