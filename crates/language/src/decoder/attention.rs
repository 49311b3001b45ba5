//! Causal attention whose queries share keys and values in groups (Ainslie et al., arXiv
//! 2305.13245).

use super::block::Positions;
use super::projection::Projection;
use super::weights::Builder;
use crate::cache::LayerCache;
use crate::config::LmConfig;
use anyhow::Result;
use tch::{Kind, Tensor};

/// The pairs of query and key that attention reads.
pub enum Visible {
    /// Each query reads its own position and those before it.
    Causal,
    /// Every query reads every key: a single new position after a cache without padding.
    All,
    /// Queries read the keys at which this `[B, 1, T, S]` is true.
    Masked(Tensor),
}

impl Clone for Visible {
    fn clone(&self) -> Self {
        match self {
            Self::Causal => Self::Causal,
            Self::All => Self::All,
            Self::Masked(mask) => Self::Masked(mask.shallow_clone()),
        }
    }
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
    query: Projection,
    key: Projection,
    value: Projection,
    /// Queries, keys and values at once.
    together: Projection,
    out: Projection,
    heads: i64,
    kv_heads: i64,
    /// The number of features of a head.
    head: i64,
}

impl GroupedAttention {
    pub fn new(builder: &mut Builder, name: &str, config: &LmConfig) -> Result<Self> {
        let layer = |layer: &str| format!("{name}.{layer}_proj");
        let (together, [query, key, value]) = builder.side_by_side(["q", "k", "v"].map(layer))?;
        Ok(Self {
            query,
            key,
            value,
            together,
            out: builder.linear(&layer("o"))?,
            heads: config.heads,
            kv_heads: config.kv_heads,
            head: config.head,
        })
    }

    /// The linear layers by name.
    pub fn layers(&self) -> [(&'static str, &Projection); 4] {
        [("q", &self.query), ("k", &self.key), ("v", &self.value), ("o", &self.out)]
    }

    /// [`Self::layers`], to change them.
    pub fn layers_mut(&mut self) -> [(&'static str, &mut Projection); 4] {
        [("q", &mut self.query), ("k", &mut self.key), ("v", &mut self.value), ("o", &mut self.out)]
    }

    /// All tensors.
    pub fn tensors(&self) -> Vec<&Tensor> {
        self.layers().into_iter().flat_map(|(_, layer)| layer.tensors()).collect()
    }

    /// New positions x `[B, T, d]` attend to those of the cache and to each other: `[B, T, d]`.
    ///
    /// Their keys and values are appended to the cache.
    pub fn forward(&self, x: &Tensor, at: &Positions, cache: Option<&mut LayerCache>) -> Tensor {
        let [query, key, value] = self.inputs(x, at);
        let (key, value) = match cache {
            Some(cache) => cache.append(key, value),
            None => (key, value),
        };
        let attended = match at.visible {
            Visible::All | Visible::Masked(_) if x.size()[1] == 1 => {
                self.attend_once(&query, &key, &value, at)
            }
            _ => self.attend(&query, &key, &value, at).transpose(1, 2).flatten(2, 3),
        };
        self.out.forward(&attended, at.gradient)
    }

    /// The share `[B, T]` of attention that positions x `[B, T, d]` give to those where `marked`
    /// `[B, T]` is 1, the mean over heads.
    pub fn share(&self, x: &Tensor, at: &Positions, marked: &Tensor) -> Tensor {
        let [query, key, value] = self.inputs(x, at);
        // Attention sums values by shares, so that values of 1 at marked positions give their share.
        let marked = marked.to_kind(value.kind()).unsqueeze(1).unsqueeze(3).expand_as(&value);
        self.attend(&query, &key, &marked, at).select(3, 0).mean_dim(1, false, Kind::Float)
    }

    /// Queries `[B, heads, T, hd]`, and keys and values `[B, kv, T, hd]`.
    fn inputs(&self, x: &Tensor, at: &Positions) -> [Tensor; 3] {
        let layers = [&self.query, &self.key, &self.value];
        if at.gradient || !layers.iter().all(|layer| layer.is_plain(x.kind())) {
            let [query, key, value] = layers.map(|layer| self.in_heads(&layer.forward(x, at.gradient)));
            return [at.rotation.apply(&query), at.rotation.apply(&key), value];
        }
        let all = self.in_heads(&self.together.forward(x, false));
        let (turned, keys) = (self.heads + self.kv_heads, self.kv_heads);
        let rotated = at.rotation.apply(&all.narrow(1, 0, turned));
        [rotated.narrow(1, 0, self.heads), rotated.narrow(1, self.heads, keys), all.narrow(1, turned, keys)]
    }

    /// `[B, T, heads hd]` -> `[B, heads, T, hd]`
    fn in_heads(&self, x: &Tensor) -> Tensor {
        let (batch, time, _) = x.size3().expect("positions are [B, T, d]");
        x.view([batch, time, -1, self.head]).transpose(1, 2)
    }

    /// Attention of a single position, `[B, 1, d]`: the queries that share a key are its rows, so
    /// that no key is copied.
    fn attend_once(&self, query: &Tensor, key: &Tensor, value: &Tensor, at: &Positions) -> Tensor {
        let (batch, shared) = (query.size()[0], self.heads / self.kv_heads);
        let query = query.reshape([batch, self.kv_heads, shared, self.head]);
        let attended = self.product(&query, key, value, at, false);
        attended.reshape([batch, 1, self.heads * self.head])
    }

    fn attend(&self, query: &Tensor, key: &Tensor, value: &Tensor, at: &Positions) -> Tensor {
        self.product(query, key, value, at, self.heads != self.kv_heads)
    }

    fn product(&self, query: &Tensor, key: &Tensor, value: &Tensor, at: &Positions, grouped: bool) -> Tensor {
        let mask = match &at.visible {
            Visible::Masked(mask) => Some(mask),
            Visible::Causal | Visible::All => None,
        };
        let causal = matches!(at.visible, Visible::Causal);
        let scale = 1.0 / (self.head as f64).sqrt();
        Tensor::scaled_dot_product_attention(query, key, value, mask, 0.0, causal, scale, grouped)
    }
}
