//! The adapter between a sender's hidden states and a receiver's embeddings (Interlat, arXiv
//! 2511.09149).

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_torch::nn::{LayerNorm, Linear, Masks, Scope};

/// The sizes of an adapter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdapterShape {
    /// The number of features of the sender's hidden states, d_s.
    pub sender: i64,
    /// The number of features of the receiver's embeddings, d.
    pub receiver: i64,
    pub heads: i64,
    /// The initial scale of the outputs.
    pub output_scale: f64,
}

/// The number of parameters of an adapter.
pub fn parameter_count(shape: &AdapterShape) -> i64 {
    let (sender, d) = (shape.sender, shape.receiver);
    let projection = if sender == d { 0 } else { sender * d + d };
    6 * d * d + 12 * d + 2 + projection
}

/// Self-attention of a message's rows and a small MLP, always in float32. It knows no positions.
pub struct MessageAdapter {
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

impl MessageAdapter {
    /// An adapter at the start of training, with the published bounds of its initial weights.
    ///
    /// # Errors
    /// When the receiver's features cannot be shared among the heads.
    pub fn new(scope: &Scope, shape: &AdapterShape) -> Result<Self> {
        let AdapterShape { sender, receiver: d, heads, output_scale } = *shape;
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

    /// Hidden states `[B, L, d_s]` of messages of these lengths -> embeddings `[B, L, d]` in
    /// float32.
    ///
    /// Rows behind a message's length are read by no other row, and 0 in the output. In training,
    /// `dropout` has the masks of the attention weights.
    ///
    /// # Errors
    /// When there is not one length for each message, or one is 0 or above L.
    pub fn forward(&self, hidden: &Tensor, lengths: &[i64], dropout: Option<&Masks>) -> Result<Tensor> {
        let (batch, rows, _) = hidden.size3()?;
        ensure!(lengths.len() as i64 == batch, "{} lengths do not fit {batch} messages", lengths.len());
        ensure!(
            lengths.iter().all(|length| (1..=rows).contains(length)),
            "messages of 1 to {rows} rows cannot have the lengths {lengths:?}"
        );
        let valid = valid_rows(lengths, rows, hidden.device());
        let x = hidden.to_kind(Kind::Float);
        let x =
            self.before.forward(&self.input.as_ref().map_or(x.shallow_clone(), |input| input.forward(&x)));
        let attended = self.after.forward(&(&x + self.attend(&x, &valid, dropout)));
        let residual = &self.scale * attended;
        let inner = self.inner.forward(&self.first.forward(&residual).gelu("none"));
        let output = &self.output_scale * (&residual + self.second.forward(&inner));
        Ok(output.masked_fill(&valid.logical_not().unsqueeze(2), 0.0))
    }

    /// Attention among the valid rows of each message, `[B, L, d]`.
    fn attend(&self, x: &Tensor, valid: &Tensor, dropout: Option<&Masks>) -> Tensor {
        let head = x.size()[2] / self.heads;
        let in_heads = |x: Tensor| x.view([x.size()[0], -1, self.heads, head]).transpose(1, 2);
        let [query, key, value] =
            <[Tensor; 3]>::try_from(self.qkv.forward(x).chunk(3, -1)).expect("three").map(in_heads);
        let scores = query.matmul(&key.transpose(2, 3)) / (head as f64).sqrt();
        let hidden = valid.logical_not().unsqueeze(1).unsqueeze(1);
        let weights = scores.masked_fill(&hidden, f64::NEG_INFINITY).softmax(-1, Kind::Float);
        let weights = dropout.map_or(weights.shallow_clone(), |masks| masks.apply(&weights));
        self.out.forward(&weights.matmul(&value).transpose(1, 2).flatten(2, 3))
    }
}

/// True at the rows of each message, `[B, L]`.
fn valid_rows(lengths: &[i64], rows: i64, device: Device) -> Tensor {
    let places = Tensor::arange(rows, (Kind::Int64, device)).unsqueeze(0);
    places.lt_tensor(&Tensor::from_slice(lengths).to_device(device).unsqueeze(1))
}
