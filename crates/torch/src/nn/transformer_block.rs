//! A transformer block of self-attention, cross-attention and an MLP.

use tch::Tensor;

use super::attention::{CrossAttention, MakeLinear, SelfAttention};
use super::{LayerNorm, Linear, Scope};

/// The configuration of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockShape {
    /// D, the features of a token.
    pub features: i64,
    /// Attention heads; they divide `features`.
    pub heads: i64,
    /// Gives the query, key and value layers a bias.
    pub qkv_bias: bool,
    /// Added to the variance in layer normalisation.
    pub epsilon: f64,
}

/// Self-attention, cross-attention and an MLP, each a residual branch with layer normalisation
/// first.
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

    /// x `[B, N, D]` attends to itself and to y `[B, M, D]`: `[B, N, D]`. A batch dimension of 1
    /// broadcasts.
    pub fn forward(&self, x: &Tensor, y: &Tensor) -> Tensor {
        let x = x + self.itself.forward(&self.norms[0].forward(x));
        let x = &x + self.attend_to_others(&x, &self.norm_read.forward(y));
        let hidden = self.mlp[0].forward(&self.norms[2].forward(&x)).gelu("none");
        &x + self.mlp[1].forward(&hidden)
    }

    /// Cross-attention of x `[B, N, D]` to normalised y `[B, M, D]`; x is not normalised for one
    /// token y, since no query is needed then.
    fn attend_to_others(&self, x: &Tensor, y: &Tensor) -> Tensor {
        if y.size()[1] == 1 {
            return self.others.forward_single(y);
        }
        self.others.forward(&self.norms[1].forward(x), y)
    }
}
