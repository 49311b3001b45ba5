//! The adapter of Interlat (arXiv 2511.09149).

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};
use umwelt_torch::nn::{LayerNorm, Linear, Masks, Scope};

use super::AdapterShape;

/// Self-attention of a message's rows and a small MLP. It knows no positions.
pub struct AttentionAdapter {
    input: Option<Linear>,
    before: LayerNorm,
    /// Queries, keys and values, in this order.
    qkv: Linear,
    out: Linear,
    after: LayerNorm,
    scale: Tensor,
    first: Linear,
    inner: LayerNorm,
    second: Linear,
    output_scale: Tensor,
    heads: i64,
}

impl AttentionAdapter {
    /// An adapter at the start of training, with the published bounds of its initial weights.
    ///
    /// # Errors
    /// When the receiver's features cannot be shared among the heads.
    pub fn new(scope: &Scope, shape: &AdapterShape) -> Result<Self> {
        let AdapterShape { sender, receiver: d, heads, output_scale, .. } = *shape;
        ensure!(heads > 0 && d % heads == 0, "the adapter's {heads} heads cannot share {d} features");
        let xavier = (3.0 / d as f64).sqrt();
        let (attention, mlp) = (scope.sub("mha"), scope.sub("adapt"));
        let zero = |scope: &Scope, name: &str, size: i64| Some(scope.constant(name, &[size], 0.0));
        let uniform = |scope: &Scope, bound: f64| {
            Linear::from_tensors(scope.uniform("weight", &[d, d], bound), zero(scope, "bias", d))
        };
        let in_weight = attention.uniform("in_proj_weight", &[3 * d, d], (0.5 / d as f64).sqrt());
        let first = mlp.sub("fc1");
        Ok(Self {
            input: (sender != d).then(|| Linear::new(&scope.sub("input_proj"), sender, d)),
            before: LayerNorm::new(&scope.sub("pre_ln"), d, 1e-6),
            qkv: Linear::from_tensors(in_weight, zero(&attention, "in_proj_bias", 3 * d)),
            out: uniform(&attention.sub("out_proj"), xavier),
            after: LayerNorm::new(&scope.sub("post_ln"), d, 1e-6),
            scale: mlp.constant("scale", &[], 0.2),
            first: Linear::from_tensors(first.normal("weight", &[d, d], 0.02), zero(&first, "bias", d)),
            inner: LayerNorm::new(&mlp.sub("ln"), d, 1e-5),
            second: uniform(&mlp.sub("fc2"), 0.01 * xavier),
            output_scale: mlp.constant("output_scale", &[], output_scale),
            heads,
        })
    }

    /// Float32 hidden states `[B, L, d_s]` -> embeddings `[B, L, d]`, of messages of these lengths.
    /// Rows that are `valid` `[B, L]` read each other.
    pub fn forward(&self, x: &Tensor, lengths: &[i64], valid: &Tensor, dropout: Option<&Masks>) -> Tensor {
        let x = self.before.forward(&self.input.as_ref().map_or(x.shallow_clone(), |input| input.forward(x)));
        let attended = self.after.forward(&(&x + self.attend(&x, lengths, valid, dropout)));
        let residual = &self.scale * attended;
        let inner = self.inner.forward(&self.first.forward(&residual).gelu("none"));
        &self.output_scale * (&residual + self.second.forward(&inner))
    }

    /// Attention among the valid rows of each message, `[B, L, d]`.
    fn attend(&self, x: &Tensor, lengths: &[i64], valid: &Tensor, dropout: Option<&Masks>) -> Tensor {
        let head = x.size()[2] / self.heads;
        let in_heads = |x: Tensor| x.view([x.size()[0], -1, self.heads, head]).transpose(1, 2);
        let [query, key, value] =
            <[Tensor; 3]>::try_from(self.qkv.forward(x).chunk(3, -1)).expect("three").map(in_heads);
        let scores = query.matmul(&key.transpose(2, 3)) / (head as f64).sqrt();
        let hidden = valid.logical_not().unsqueeze(1).unsqueeze(1);
        let weights = scores.masked_fill(&hidden, f64::NEG_INFINITY).softmax(-1, Kind::Float);
        let weights = match dropout {
            Some(masks) => masks.apply_to_messages(&weights, lengths),
            None => weights,
        };
        self.out.forward(&weights.matmul(&value).transpose(1, 2).flatten(2, 3))
    }
}
