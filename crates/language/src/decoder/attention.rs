//! Causal attention whose queries share keys and values in groups (Ainslie et al., arXiv
//! 2305.13245).

use anyhow::Result;
use tch::{Kind, Tensor};
use umwelt_torch::nn::Linear;

use super::rope::Rotation;
use super::weights::Builder;
use crate::cache::LayerCache;
use crate::config::LmConfig;

/// The pairs of query and key that attention reads.
pub enum Visible {
    /// Each query reads its own position and those before it.
    Causal,
    /// Every query reads every key: a single new position after a cache without padding.
    All,
    /// Queries read the keys at which this `[B, 1, T, S]` is true.
    Masked(Tensor),
}

/// The pairs of new and old positions that attention reads, `[B, 1, T, S]`.
///
/// `mask` `[B, S]` is false at padding; the T = S - `start` new positions are the last ones. A
/// padded position reads itself, so that its softmax is finite.
pub fn readable(mask: &Tensor, start: i64) -> Tensor {
    let all = mask.size()[1];
    let past = Tensor::ones([all - start, all], (Kind::Bool, mask.device())).tril(start);
    let itself = past.triu(start);
    mask.to_kind(Kind::Bool).unsqueeze(1).unsqueeze(1).logical_and(&past).logical_or(&itself)
}

/// The attention of one block.
pub struct GroupedAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    /// The number of features of a head.
    head: i64,
    grouped: bool,
}

impl GroupedAttention {
    pub fn new(builder: &mut Builder, name: &str, config: &LmConfig) -> Result<Self> {
        let mut layer = |layer: &str| builder.linear(&format!("{name}.{layer}_proj"));
        Ok(Self {
            query: layer("q")?,
            key: layer("k")?,
            value: layer("v")?,
            out: layer("o")?,
            head: config.head,
            grouped: config.heads != config.kv_heads,
        })
    }

    /// New positions x `[B, T, d]` attend to those of the cache and to each other: `[B, T, d]`.
    ///
    /// Their keys and values are appended to the cache.
    pub fn forward(
        &self,
        x: &Tensor,
        rotation: &Rotation,
        visible: &Visible,
        cache: Option<&mut LayerCache>,
    ) -> Tensor {
        let query = rotation.apply(&self.heads(&self.query, x));
        let key = rotation.apply(&self.heads(&self.key, x));
        let value = self.heads(&self.value, x);
        let (key, value) = match cache {
            Some(cache) => cache.append(key, value),
            None => (key, value),
        };
        self.out.forward(&self.attend(&query, &key, &value, visible).transpose(1, 2).flatten(2, 3))
    }

    /// `[B, T, d]` -> `[B, heads, T, hd]`
    fn heads(&self, layer: &Linear, x: &Tensor) -> Tensor {
        let (batch, time, _) = x.size3().expect("positions are [B, T, d]");
        layer.forward(x).view([batch, time, -1, self.head]).transpose(1, 2)
    }

    fn attend(&self, query: &Tensor, key: &Tensor, value: &Tensor, visible: &Visible) -> Tensor {
        let mask = match visible {
            Visible::Masked(mask) => Some(mask),
            Visible::Causal | Visible::All => None,
        };
        let causal = matches!(visible, Visible::Causal);
        let scale = 1.0 / (self.head as f64).sqrt();
        Tensor::scaled_dot_product_attention(query, key, value, mask, 0.0, causal, scale, self.grouped)
    }
}
