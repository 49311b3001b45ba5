//! A transformer block that reads itself, then others, then thinks.

use tch::Tensor;

use super::attention::{CrossAttention, MakeLinear, SelfAttention};
use super::{LayerNorm, Linear, Scope};

/// What a block is made of.
#[derive(Clone, Copy, Debug)]
pub struct BlockShape {
    /// D, the features of a token.
    pub features: i64,
    pub heads: i64,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Added to the variance in layer normalisation.
    pub epsilon: f64,
}

/// Self-attention, cross-attention and an MLP, each normalised in front and added to what it was given.
pub struct CrossBlock {
    norms: [LayerNorm; 3],
    norm_read: LayerNorm,
    itself: SelfAttention,
    others: CrossAttention,
    mlp: [Linear; 2],
}

impl CrossBlock {
    pub fn new(scope: &Scope, shape: BlockShape) -> Self {
        let BlockShape { features, heads, qkv_bias, epsilon } = shape;
        let projection: MakeLinear = if qkv_bias { Linear::new } else { Linear::without_bias };
        let norm = |name: &str| LayerNorm::new(&scope.sub(name), features, epsilon);
        let mlp = scope.sub("mlp");
        Self {
            norms: ["norm1", "norm2", "norm3"].map(norm),
            norm_read: norm("norm_y"),
            itself: SelfAttention::new(&scope.sub("attn"), features, heads, projection),
            others: CrossAttention::new(&scope.sub("cross_attn"), features, heads, projection),
            mlp: [
                Linear::new(&mlp.sub("fc1"), features, 4 * features),
                Linear::new(&mlp.sub("fc2"), 4 * features, features),
            ],
        }
    }

    /// x `[B, N, D]`, read y `[B, M, D]` -> `[B, N, D]`; a batch of 1 on either side stands for B equal ones.
    pub fn forward(&self, x: &Tensor, y: &Tensor) -> Tensor {
        let x = x + self.itself.forward(&self.norms[0].forward(x));
        let x = &x + self.others.forward(|| self.norms[1].forward(&x), &self.norm_read.forward(y));
        let hidden = self.mlp[0].forward(&self.norms[2].forward(&x)).gelu("none");
        &x + self.mlp[1].forward(&hidden)
    }
}
