//! One block of the decoder.

use std::sync::Arc;

use anyhow::Result;
use tch::Tensor;
use umwelt_torch::native::recomputed;

use super::attention::{GroupedAttention, Visible};
use super::norm::RmsNorm;
use super::projection::Projection;
use super::rope::Rotation;
use super::weights::Builder;
use crate::cache::LayerCache;
use crate::config::LmConfig;

/// The positions of a pass.
pub struct Positions {
    pub rotation: Rotation,
    pub visible: Visible,
    /// Operations are recorded for a backward pass.
    pub gradient: bool,
}

impl Clone for Positions {
    fn clone(&self) -> Self {
        Self { rotation: self.rotation.clone(), visible: self.visible.clone(), gradient: self.gradient }
    }
}

/// Attention and a gated MLP (Shazeer, *GLU Variants Improve Transformer*, arXiv 2002.05202), each
/// added to its input.
pub struct Block {
    attention_norm: RmsNorm,
    pub attention: GroupedAttention,
    mlp_norm: RmsNorm,
    gate: Projection,
    up: Projection,
    /// Gates and inputs of the MLP at once.
    together: Projection,
    down: Projection,
}

impl Block {
    pub fn new(builder: &mut Builder, layer: i64, config: &LmConfig) -> Result<Self> {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        let mut norm = |part: &str| {
            let weight = builder.tensor(&name(&format!("{part}.weight")))?;
            Ok::<_, anyhow::Error>(RmsNorm { weight, epsilon: config.epsilon })
        };
        let attention_norm = norm("input_layernorm")?;
        let mlp_norm = norm("post_attention_layernorm")?;
        let attention = GroupedAttention::new(builder, &name("self_attn"), config)?;
        let (together, [gate, up]) = builder.side_by_side(["mlp.gate_proj", "mlp.up_proj"].map(&name))?;
        Ok(Self {
            attention_norm,
            mlp_norm,
            attention,
            gate,
            up,
            together,
            down: builder.linear(&name("mlp.down_proj"))?,
        })
    }

    /// `[B, T, d]` -> `[B, T, d]`; keys and values are appended to the cache.
    pub fn forward(&self, x: &Tensor, at: &Positions, cache: Option<&mut LayerCache>) -> Tensor {
        let normalised = self.attention_norm.forward(x, at.gradient);
        let x = x + self.attention.forward(&normalised, at, cache);
        &x + self.mlp(&self.mlp_norm.forward(&x, at.gradient), at.gradient)
    }

    /// The share `[B, T]` of attention that positions x `[B, T, d]` give to those where `marked`
    /// `[B, T]` is 1.
    pub fn share(&self, x: &Tensor, at: &Positions, marked: &Tensor) -> Tensor {
        self.attention.share(&self.attention_norm.forward(x, at.gradient), at, marked)
    }

    /// [`Self::forward`] without a cache, of which the backward pass computes everything again but
    /// the input.
    pub fn recomputed(self: &Arc<Self>, x: &Tensor, at: &Positions) -> Tensor {
        let (block, at) = (self.clone(), at.clone());
        recomputed(&[x], &self.tensors(), move |x| block.forward(&x[0], &at, None))
    }

    fn tensors(&self) -> Vec<&Tensor> {
        let mlp = [&self.gate, &self.up, &self.down].into_iter().flat_map(Projection::tensors);
        let norms = [&self.attention_norm.weight, &self.mlp_norm.weight];
        norms.into_iter().chain(self.attention.tensors()).chain(mlp).collect()
    }

    fn mlp(&self, x: &Tensor, gradient: bool) -> Tensor {
        let (gate, up) = if gradient || !self.gate.is_plain(x.kind()) {
            (self.gate.forward(x, gradient), self.up.forward(x, gradient))
        } else {
            let both = self.together.forward(x, false);
            let width = both.size()[2] / 2;
            (both.narrow(2, 0, width), both.narrow(2, width, width))
        };
        self.down.forward(&(gate.silu() * up), gradient)
    }
}
