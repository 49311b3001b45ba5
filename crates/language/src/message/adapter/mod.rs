//! Adapters between a sender's hidden states and a receiver's embeddings.

mod attention;

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_torch::nn::{LayerNorm, Linear, Masks, Scope};

use self::attention::AttentionAdapter;

/// The function of an adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdapterKind {
    /// Self-attention of the rows and a small MLP, as in Interlat (arXiv 2511.09149).
    #[default]
    Attention,
    /// A linear map of each normalised row, with a scale.
    Linear,
    /// The hidden states themselves.
    None,
}

/// The kind and the sizes of an adapter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdapterShape {
    pub kind: AdapterKind,
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
    let projection = sender * d + d;
    match shape.kind {
        AdapterKind::Attention if sender == d => 6 * d * d + 12 * d + 2,
        AdapterKind::Attention => 6 * d * d + 12 * d + 2 + projection,
        AdapterKind::Linear => 2 * sender + projection + 1,
        AdapterKind::None => 0,
    }
}

/// A map of a message's rows, always in float32.
pub struct MessageAdapter(Map);

enum Map {
    Attention(AttentionAdapter),
    Linear { norm: LayerNorm, linear: Linear, output_scale: Tensor },
    Identity,
}

impl MessageAdapter {
    /// An adapter at the start of training.
    ///
    /// # Errors
    /// When the receiver's features cannot be shared among the heads, or hidden states without an
    /// adapter have another size than embeddings.
    pub fn new(scope: &Scope, shape: &AdapterShape) -> Result<Self> {
        let AdapterShape { sender, receiver, output_scale, .. } = *shape;
        Ok(Self(match shape.kind {
            AdapterKind::Attention => Map::Attention(AttentionAdapter::new(scope, shape)?),
            AdapterKind::Linear => Map::Linear {
                norm: LayerNorm::new(&scope.sub("pre_ln"), sender, 1e-6),
                linear: Linear::new(&scope.sub("linear"), sender, receiver),
                output_scale: scope.sub("adapt").constant("output_scale", &[], output_scale),
            },
            AdapterKind::None => {
                ensure!(
                    sender == receiver,
                    "hidden states of {sender} features need an adapter to become embeddings of {receiver}"
                );
                Map::Identity
            }
        }))
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
        let output = match &self.0 {
            Map::Attention(adapter) => adapter.forward(&x, lengths, &valid, dropout),
            Map::Linear { norm, linear, output_scale } => output_scale * linear.forward(&norm.forward(&x)),
            Map::Identity => x,
        };
        Ok(output.masked_fill(&valid.logical_not().unsqueeze(2), 0.0))
    }
}

/// True at the rows of each message, `[B, L]`.
fn valid_rows(lengths: &[i64], rows: i64, device: Device) -> Tensor {
    let places = Tensor::arange(rows, (Kind::Int64, device)).unsqueeze(0);
    places.lt_tensor(&Tensor::from_slice(lengths).to_device(device).unsqueeze(1))
}
