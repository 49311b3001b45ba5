//! The attention that a receiver pays to messages while it answers.

use std::collections::BTreeMap;

use anyhow::Result;
use tch::{Kind, Tensor};
use umwelt_language::{Supervised, batch};

use super::steps::lines;
use crate::charts::{Figure, panels};
use crate::worlds::talk::evaluation::{Channel, Sources};
use crate::worlds::talk::tasks::Split;

/// By channel, the share of attention on the rows of the message in each layer of the receiver: the
/// mean over heads and over the positions that predict the reference answer.
pub type Attention = BTreeMap<String, Vec<f64>>;

/// The attention to plans as text, to whole messages and to the students' latents, for seen
/// problems.
///
/// # Errors
/// When a message does not fit the receiver.
pub fn attention(sources: &Sources) -> Result<Attention> {
    let named = |name: &str, channel| (name.to_owned(), channel);
    let students = sources.students.keys().map(|k| (format!("{k} latents"), Channel::Student(*k)));
    let channels = [named("text", Channel::Text), named("whole messages", Channel::Full)];
    let of = |(name, channel): (String, Channel)| Ok((name, shares(sources, channel)?));
    channels.into_iter().chain(students).map(of).collect()
}

fn shares(sources: &Sources, channel: Channel) -> Result<Vec<f64>> {
    let (sent, receiver) = (sources.sent(Split::Seen)?, sources.receiver(channel)?);
    let (mut sum, mut positions) = (None, 0);
    let numbers: Vec<usize> = (0..sent.problems.len()).collect();
    for some in numbers.chunks(sources.at_once()) {
        let range = some[0]..some[0] + some.len();
        let encoded = sources.encode(("analysis", channel), sent, range)?;
        let pairs = some.iter().zip(&encoded);
        let texts =
            pairs.map(|(at, encoded)| receiver.renderer.conversation(&sent.problems[*at], encoded.message()));
        let texts = texts.collect::<Result<Vec<_>>>()?;
        let batch = batch(&receiver.model.decoder, &texts)?;
        let marked = batch.labels.zeros_like();
        for (row, (text, encoded)) in (0i64..).zip(texts.iter().zip(&encoded)) {
            // The begin of the message stands before its rows.
            let Some(place) = text.place else { continue };
            let _ = marked.get(row).narrow(0, place as i64 + 1, encoded.rows as i64).fill_(1);
        }
        let shares = receiver.model.decoder.attention_shares(&batch.embeddings, &marked);
        // [layers, B, T] -> [N, layers] at the positions that predict labels
        let supervised = Supervised::new(&batch.labels, 1)?;
        let rows = supervised.rows(&shares.permute([1, 2, 0]));
        positions += rows.size()[0];
        let part = rows.sum_dim_intlist(0, false, Kind::Double);
        sum = Some(sum.map_or_else(|| part.shallow_clone(), |sum: Tensor| sum + &part));
    }
    let sum = sum.map_or(Ok(vec![]), Vec::<f64>::try_from)?;
    Ok(sum.into_iter().map(|sum| sum / positions as f64).collect())
}

/// The shares by layer.
pub fn attention_figure(all: &Attention) -> Figure {
    let series = |(name, shares): (&String, &Vec<f64>)| {
        (name.clone(), shares.iter().map(|share| 100.0 * share).collect())
    };
    let chart = lines("attention on the message (%)", "layer", all.iter().map(series));
    panels("Attention of answers to messages", vec![chart], 1)
}
