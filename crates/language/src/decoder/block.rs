//! One block of the decoder.

use anyhow::Result;
use tch::Tensor;
use umwelt_torch::nn::Linear;

use super::attention::{GroupedAttention, Visible};
use super::norm::RmsNorm;
use super::rope::Rotation;
use super::weights::Builder;
use crate::cache::LayerCache;
use crate::config::LmConfig;

/// Attention and a gated MLP (Shazeer, *GLU Variants Improve Transformer*, arXiv 2002.05202), each
/// added to its input.
pub struct Block {
    attention_norm: RmsNorm,
    attention: GroupedAttention,
    mlp_norm: RmsNorm,
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl Block {
    pub fn new(builder: &mut Builder, layer: i64, config: &LmConfig) -> Result<Self> {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        let mut norm = |part: &str| {
            let weight = builder.tensor(&name(&format!("{part}.weight")))?;
            Ok::<_, anyhow::Error>(RmsNorm { weight, epsilon: config.epsilon })
        };
        Ok(Self {
            attention_norm: norm("input_layernorm")?,
            mlp_norm: norm("post_attention_layernorm")?,
            attention: GroupedAttention::new(builder, &name("self_attn"), config)?,
            gate: builder.linear(&name("mlp.gate_proj"))?,
            up: builder.linear(&name("mlp.up_proj"))?,
            down: builder.linear(&name("mlp.down_proj"))?,
        })
    }

    /// `[B, T, d]` -> `[B, T, d]`; keys and values are appended to the cache.
    pub fn forward(
        &self,
        x: &Tensor,
        rotation: &Rotation,
        visible: &Visible,
        cache: Option<&mut LayerCache>,
    ) -> Tensor {
        let x = x + self.attention.forward(&self.attention_norm.forward(x), rotation, visible, cache);
        &x + self.mlp(&self.mlp_norm.forward(&x))
    }

    fn mlp(&self, x: &Tensor) -> Tensor {
        self.down.forward(&(self.gate.forward(x).silu() * self.up.forward(x)))
    }
}
