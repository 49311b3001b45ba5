//! Tokens that the rows of a message are nearest to.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};
use umwelt_language::DecoderLm;

use super::channel::Channel;
use super::encode::{Encoded, Latents};
use super::sources::Sources;
use crate::worlds::talk::speaker::Speaker;
use crate::worlds::talk::text::Renderer;

/// The tokens of each row of a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gloss {
    /// The token that the sender's head finds most likely.
    pub sender: Vec<String>,
    /// The token whose embedding in the receiver is nearest to the row behind the adapter.
    pub receiver: Vec<String>,
}

/// A token with a number: its probability, or its cosine.
pub type Near = (String, f64);

/// The `count` most likely tokens of each hidden state `[L, d_s]`, with their probabilities.
pub fn likely(
    decoder: &DecoderLm,
    renderer: &Renderer,
    hidden: &Tensor,
    count: i64,
) -> Result<Vec<Vec<Near>>> {
    let shares = decoder.logits(&hidden.to_kind(decoder.kind())).softmax(-1, Kind::Float);
    top(renderer, &shares, count)
}

/// The `count` tokens whose embeddings have the largest cosine with each row `[L, d]`.
pub fn nearest(
    decoder: &DecoderLm,
    renderer: &Renderer,
    rows: &Tensor,
    count: i64,
) -> Result<Vec<Vec<Near>>> {
    let unit = |rows: &Tensor| {
        let rows = rows.to_kind(Kind::Float);
        let norms = rows.square().sum_dim_intlist(-1, true, Kind::Float).sqrt();
        rows / norms.clamp_min(1e-12)
    };
    top(renderer, &unit(rows).matmul(&unit(decoder.embedding()).transpose(0, 1)), count)
}

/// The tokens of the largest values of each row `[L, V]`.
fn top(renderer: &Renderer, values: &Tensor, count: i64) -> Result<Vec<Vec<Near>>> {
    let (values, ids) = values.topk(count.min(values.size()[1]), -1, true, true);
    let values: Vec<Vec<f64>> = Vec::try_from(values.to_kind(Kind::Double))?;
    let ids: Vec<Vec<i64>> = Vec::try_from(ids)?;
    let token = |(id, value): (i64, f64)| Ok((renderer.token(id)?, value));
    let row = |(ids, values): (Vec<i64>, Vec<f64>)| ids.into_iter().zip(values).map(token).collect();
    ids.into_iter().zip(values).map(row).collect()
}

impl Sources {
    /// The gloss of a message of hidden states; `None` for text and silence.
    pub fn gloss(&self, channel: Channel, encoded: &Encoded) -> Result<Option<Gloss>> {
        let receiver = self.receiver(channel)?;
        let first = |rows: Vec<Vec<Near>>| rows.into_iter().flatten().map(|(token, _)| token);
        let mut gloss = Gloss::default();
        for Latents { who, hidden, rows } in &encoded.latents {
            let Speaker { model, renderer, .. } = &self.senders[*who];
            gloss.sender.extend(first(likely(&model.decoder, renderer, hidden, 1)?));
            gloss.receiver.extend(first(nearest(&receiver.model.decoder, &receiver.renderer, rows, 1)?));
        }
        Ok((!encoded.latents.is_empty()).then_some(gloss))
    }
}
