//! The decoder language model of Qwen2 and Llama.

mod attention;
mod block;
mod growth;
mod low_rank;
mod norm;
mod projection;
mod rope;
mod shapes;
mod weights;

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_torch::nn::Parameters;

use self::block::{Block, Positions};
use self::norm::RmsNorm;
use self::projection::{cast, product, records_gradients};
use self::rope::Rope;
use self::weights::Builder;
use crate::cache::LayerCache;
use crate::config::LmConfig;

pub(crate) use self::attention::{Visible, readable};
pub(crate) use self::rope::Rotation;

pub use self::low_rank::LowRankShape;
pub use self::shapes::{count, shapes};
pub use self::weights::{InitialWeights, Weights};

/// A decoder language model: embedding, blocks, a last normalisation and a head.
pub struct DecoderLm {
    config: LmConfig,
    parameters: Parameters,
    embedding: Tensor,
    blocks: Vec<Arc<Block>>,
    norm: RmsNorm,
    /// `[V, d]`; the embedding itself where the head is tied.
    head: Tensor,
    rope: Rope,
    /// The number format of hidden states.
    compute: Kind,
    /// Backward passes compute blocks again.
    recomputes: bool,
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
        let blocks = (0..config.layers).map(|layer| Block::new(&mut builder, layer, &config).map(Arc::new));
        let blocks = blocks.collect::<Result<_>>()?;
        let norm = RmsNorm { weight: builder.tensor("model.norm.weight")?, epsilon: config.epsilon };
        let head = if config.tied { embedding.shallow_clone() } else { builder.tensor("lm_head.weight")? };
        let rope = Rope::new(&config.rope, config.head, device);
        Ok(Self { config, parameters, embedding, blocks, norm, head, rope, compute: kind, recomputes: false })
    }

    /// The same decoder with hidden states and products in the number format `kind`. Its weights
    /// stay as they are and are rounded in each pass, so that gradients are those of exact weights.
    #[must_use]
    pub fn computing_in(self, kind: Kind) -> Self {
        Self { compute: kind, ..self }
    }

    /// The same decoder, whose backward passes keep only the inputs of blocks and compute the rest
    /// again (Chen et al., arXiv 1604.06174). Passes with a cache keep everything.
    #[must_use]
    pub fn recomputing(self, recomputes: bool) -> Self {
        Self { recomputes, ..self }
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

    /// The number format of hidden states, in which the model is saved.
    pub fn kind(&self) -> Kind {
        self.compute
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.parameters.device()
    }

    /// The embeddings `[.., d]` of token ids `[..]`.
    pub fn embed(&self, ids: &Tensor) -> Tensor {
        cast(&Tensor::embedding(&self.embedding, ids, -1, false, false), self.compute)
    }

    /// The rotation of keys at `positions` `[B or 1, T]`, which are below `end`.
    pub(crate) fn rotation(&self, positions: &Tensor, end: i64) -> Rotation {
        self.rope.at(positions, end, self.compute)
    }

    /// The whole embedding, `[V, d]`.
    pub fn embedding(&self) -> &Tensor {
        &self.embedding
    }

    /// The matrix that makes logits, `[V, d]`.
    pub fn head(&self) -> &Tensor {
        &self.head
    }

    /// The logits `[.., V]` of hidden states `[.., d]`.
    pub fn logits(&self, hidden: &Tensor) -> Tensor {
        product(hidden, &self.head, None, records_gradients())
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
        self.run(embeddings, (&positions, time), visible, None)
    }

    /// The shares `[layers, B, T]` of attention that each position of texts `[B, T, d]`, which are
    /// padded on the right, gives to the positions where `marked` `[B, T]` is 1; means over heads.
    pub fn attention_shares(&self, embeddings: &Tensor, marked: &Tensor) -> Tensor {
        let (time, gradient) = (embeddings.size()[1], records_gradients());
        let positions = Tensor::arange(time, (Kind::Int64, self.device())).unsqueeze(0);
        let rotation = self.rotation(&positions, time);
        let at = Positions { rotation, visible: Visible::Causal, gradient };
        let mut shares = vec![];
        let mut x = embeddings.shallow_clone();
        for block in &self.blocks {
            shares.push(block.share(&x, &at, marked));
            x = block.forward(&x, &at, None);
        }
        Tensor::stack(&shares, 0)
    }

    /// The last hidden states `[B, T, d]` of embeddings `[B, T, d]` at `positions` `[B or 1, T]`,
    /// which are below `end`.
    pub(crate) fn run(
        &self,
        embeddings: &Tensor,
        positions: (&Tensor, i64),
        visible: Visible,
        caches: Option<&mut [LayerCache]>,
    ) -> Tensor {
        self.run_with(embeddings, positions, visible, caches, &mut |_, x| x)
    }

    /// [`Self::run`], in which `between` may change the state `[B, T, d]` after a number of blocks.
    pub(crate) fn run_with(
        &self,
        embeddings: &Tensor,
        (positions, end): (&Tensor, i64),
        visible: Visible,
        caches: Option<&mut [LayerCache]>,
        between: &mut dyn FnMut(i64, Tensor) -> Tensor,
    ) -> Tensor {
        let gradient = records_gradients();
        let rotation = self.rope.at(positions, end, embeddings.kind());
        let at = Positions { rotation, visible, gradient };
        let recomputes = self.recomputes && gradient && caches.is_none();
        let mut caches = caches.map(|caches| caches.iter_mut());
        let mut x = between(0, embeddings.shallow_clone());
        for (block, number) in self.blocks.iter().zip(1..) {
            x = if recomputes {
                block.recomputed(&x, &at)
            } else {
                block.forward(&x, &at, caches.as_mut().and_then(Iterator::next))
            };
            x = between(number, x);
        }
        self.norm.forward(&x, gradient)
    }
}

#[cfg(test)]
mod tests;
