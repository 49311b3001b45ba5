//! Messages of a channel.

use anyhow::{Context as _, Result, ensure};
use tch::{Kind, Tensor};
use umwelt_language::{DecoderLm, LmConfig, Segment};

use super::channel::Channel;
use super::sources::{Sent, Sources};
use crate::worlds::talk::stages::adapted;

/// A message as a receiver gets it.
pub struct Encoded {
    /// Nothing at all, or what stands between the begin and the end of the message.
    message: Option<Vec<Segment>>,
    /// The positions between begin and end.
    pub rows: usize,
    /// The bytes: two for a token, two for each feature of a hidden state.
    pub bytes: usize,
    /// The steps that the sender took.
    pub steps: usize,
    /// Hidden states before the adapter, `[L, d_s]`, for a gloss.
    pub hidden: Option<Tensor>,
}

impl Encoded {
    /// A copy of the pieces.
    pub fn message(&self) -> Option<Vec<Segment>> {
        let copy = |segment: &Segment| match segment {
            Segment::Ids(ids) => Segment::Ids(ids.clone()),
            Segment::Embeddings(rows) => Segment::Embeddings(rows.shallow_clone()),
        };
        Some(self.message.as_ref()?.iter().map(copy).collect())
    }

    /// The message as rows of embeddings, `[L, d]`, where it is hidden states.
    pub fn embeddings(&self) -> Option<&Tensor> {
        self.message.iter().flatten().find_map(|segment| match segment {
            Segment::Embeddings(rows) => Some(rows),
            Segment::Ids(_) => None,
        })
    }

    /// The tokens of a message of text.
    pub fn ids(&self) -> &[i64] {
        let ids = self.message.iter().flatten().find_map(|segment| match segment {
            Segment::Ids(ids) => Some(ids.as_slice()),
            Segment::Embeddings(_) => None,
        });
        ids.unwrap_or_default()
    }

    fn nothing() -> Self {
        Self { message: None, rows: 0, bytes: 0, steps: 0, hidden: None }
    }

    fn empty() -> Self {
        Self { message: Some(vec![]), ..Self::nothing() }
    }

    fn text(ids: Vec<i64>) -> Self {
        let rows = ids.len();
        Self { message: Some(vec![Segment::Ids(ids)]), rows, bytes: 2 * rows, steps: rows, hidden: None }
    }

    /// Positions that do not stand in the receiver's text, of `numbers` for each.
    pub fn keys(rows: usize, numbers: usize, steps: usize) -> Self {
        Self { rows, bytes: 2 * rows * numbers, steps, ..Self::nothing() }
    }

    /// The same text, with as many `numbers` of a cache for each position.
    fn with_keys(self, numbers: usize) -> Self {
        Self { bytes: self.bytes + 2 * self.rows * numbers, ..self }
    }

    /// Embeddings `[L, d]` of hidden states `[L, d_s]`.
    fn latents(embeddings: Tensor, hidden: Tensor, steps: usize) -> Self {
        let (rows, width) = hidden.size2().expect("hidden states are [L, d]");
        let message = Some(vec![Segment::Embeddings(embeddings)]);
        Self { message, rows: rows as usize, bytes: (2 * rows * width) as usize, steps, hidden: Some(hidden) }
    }
}

impl Sources {
    /// The messages of `channel`, named `name`, for the problems `range` of a split.
    ///
    /// # Errors
    /// When sender and receiver do not fit the channel.
    pub fn encode(
        &self,
        (name, channel): (&str, Channel),
        sent: &Sent,
        range: std::ops::Range<usize>,
    ) -> Result<Vec<Encoded>> {
        let count = sent.plans.len();
        let next = |at: usize| &sent.plans[(at + 1) % count];
        let text =
            |text: &str| Ok::<_, anyhow::Error>(Encoded::text(self.receiver(channel)?.renderer.plan(text)?));
        match channel {
            Channel::Text | Channel::CotFull => range.map(|at| text(&sent.plans[at].text)).collect(),
            Channel::Fused => {
                let numbers = key_values(self.sender.decoder.config());
                let fused = |at: usize| Ok(text(&sent.plans[at].text)?.with_keys(numbers));
                range.map(fused).collect()
            }
            Channel::CrossText => range.map(|at| text(&next(at).text)).collect(),
            Channel::Nothing | Channel::NoCot => Ok(range.map(|_| Encoded::nothing()).collect()),
            Channel::EmptyPair => Ok(range.map(|_| Encoded::empty()).collect()),
            Channel::Full => {
                self.adapt(range.map(|at| Ok(sent.plans[at].hidden.shallow_clone())), |rows| rows)
            }
            Channel::CrossTask => {
                self.adapt(range.map(|at| Ok(next(at).hidden.shallow_clone())), |rows| rows)
            }
            Channel::CrossFamily { same } => {
                let other = |at| sent.other_of_group(at, same);
                self.adapt(range.map(|at| Ok(sent.plans[other(at)].hidden.shallow_clone())), |rows| rows)
            }
            Channel::KeyValues { .. } => self.cached(channel, sent, range),
            Channel::Graft { .. } => {
                let width = self.sender.decoder.config().hidden as usize;
                Ok(range.map(|at| Encoded::keys(1, width, sent.plans[at].ids.len())).collect())
            }
            Channel::Changed(control) => {
                let mut at = range.start;
                let changed = range.map(|at| {
                    let hidden = &sent.plans[at].hidden;
                    if hidden.size()[0] == 0 {
                        return Ok(hidden.shallow_clone());
                    }
                    control.apply(hidden, self.seed, &sent.problems[at].id, name)
                });
                // A sender stops early for the first rows, and writes to its end for all others.
                let first = matches!(
                    control,
                    umwelt_language::Control::First(_) | umwelt_language::Control::Truncated(_)
                );
                let lengths: Vec<usize> = sent.plans.iter().map(|plan| plan.ids.len()).collect();
                self.adapt(changed, |rows| {
                    at += 1;
                    if first { rows } else { lengths[at - 1] }
                })
            }
            Channel::Student(count) => {
                let student =
                    self.students.get(&count).with_context(|| format!("no student sends {count} latents"))?;
                let latents = student.latents(&self.prompts(sent, range)?, count)?;
                self.adapt(latents.unbind(0).into_iter().map(Ok), |rows| rows)
            }
            Channel::Roll(count) => {
                let latents = self.roll(sent, range, count, None)?;
                self.adapt(latents.unbind(0).into_iter().map(Ok), |rows| rows)
            }
            Channel::Realigned(count) => {
                let map = realignment(&self.sender.decoder);
                self.raw(self.roll(sent, range, count, Some(&map))?.unbind(0), channel)
            }
            Channel::Cipher => {
                let expected = |at: usize| {
                    let logits = self.sender.decoder.logits(&sent.plans[at].hidden);
                    logits
                        .softmax(-1, Kind::Float)
                        .matmul(&self.sender.decoder.embedding().to_kind(Kind::Float))
                };
                self.raw(range.map(expected).collect(), channel)
            }
        }
    }

    /// Messages through the adapter; `steps` gives the sender's steps for a number of rows.
    fn adapt(
        &self,
        hidden: impl Iterator<Item = Result<Tensor>>,
        mut steps: impl FnMut(usize) -> usize,
    ) -> Result<Vec<Encoded>> {
        let hidden: Vec<Tensor> = hidden.collect::<Result<_>>()?;
        let spoken: Vec<Tensor> =
            hidden.iter().filter(|rows| rows.size()[0] > 0).map(Tensor::shallow_clone).collect();
        let adapter = &self.receiver(Channel::Full)?.adapter;
        let mut rows = if spoken.is_empty() { vec![] } else { adapted(adapter, &spoken, None)? }.into_iter();
        let encode = |hidden: Tensor| {
            let steps = steps(hidden.size()[0] as usize);
            let silent = || Encoded { steps, ..Encoded::empty() };
            let is_spoken = hidden.size()[0] > 0;
            let embeddings = is_spoken.then(|| rows.next()).flatten();
            embeddings.map_or_else(silent, |embeddings| Encoded::latents(embeddings, hidden, steps))
        };
        Ok(hidden.into_iter().map(encode).collect())
    }

    /// Rows that are inserted as they are.
    fn raw(&self, rows: Vec<Tensor>, channel: Channel) -> Result<Vec<Encoded>> {
        let (own, theirs) =
            (self.sender.decoder.config().hidden, self.receiver(channel)?.model.decoder.config().hidden);
        ensure!(
            own == theirs,
            "talk.evaluate.channels: {channel:?} inserts the sender's rows of {own} features, and the receiver has {theirs}"
        );
        let encode = |rows: Tensor| match rows.size()[0] {
            0 => Encoded::empty(),
            count => Encoded::latents(rows.shallow_clone(), rows, count as usize),
        };
        Ok(rows.into_iter().map(encode).collect())
    }

    /// The sender's prompts of the problems `range` of a split.
    ///
    /// # Errors
    /// When the tokenizer cannot encode them.
    pub fn prompts(&self, sent: &Sent, range: std::ops::Range<usize>) -> Result<Vec<Vec<Segment>>> {
        let prompt = |at: usize| Ok(vec![Segment::Ids(self.renderer.sender(&sent.problems[at], None)?.ids)]);
        range.map(prompt).collect()
    }

    /// `count` steps of the sender from its prompts, in which it reads its last hidden state, scaled
    /// to the mean norm of embeddings. The hidden states `[B, K, d_s]`, or what it reads if a `map`
    /// makes embeddings of them.
    fn roll(
        &self,
        sent: &Sent,
        range: std::ops::Range<usize>,
        count: usize,
        map: Option<&Tensor>,
    ) -> Result<Tensor> {
        let sender = &self.sender.decoder;
        let norm = norms(sender.embedding()).mean(Kind::Float);
        let (mut context, hidden) = sender.prefill(&self.prompts(sent, range)?)?;
        let mut last = hidden.narrow(1, hidden.size()[1] - 1, 1);
        let mut rows = vec![];
        for _ in 0..count {
            let exact = last.to_kind(Kind::Float);
            let mapped = map.map_or(exact.shallow_clone(), |map| exact.matmul(map));
            let input = &mapped / norms(&mapped) * &norm;
            last = sender.advance(&mut context, &input.to_kind(sender.kind()), None);
            rows.push(if map.is_some() { input } else { last.shallow_clone() });
        }
        Ok(Tensor::cat(&rows, 1))
    }
}

/// The numbers of keys and values of a position.
pub fn key_values(config: &LmConfig) -> usize {
    (2 * config.layers * config.kv_heads * config.head) as usize
}

/// The map of hidden states to embeddings by least squares, of the head O and the embedding E:
/// (O^T O + 1e-5 I)^-1 O^T E.
fn realignment(sender: &DecoderLm) -> Tensor {
    let width = sender.config().hidden;
    let eye = Tensor::eye(width, (Kind::Float, sender.device()));
    // The logits of unit vectors are the head's columns.
    let head = sender.logits(&eye).transpose(0, 1);
    let square = head.transpose(0, 1).matmul(&head) + eye * 1e-5;
    Tensor::linalg_solve(
        &square,
        &head.transpose(0, 1).matmul(&sender.embedding().to_kind(Kind::Float)),
        true,
    )
}

fn norms(rows: &Tensor) -> Tensor {
    rows.to_kind(Kind::Float).square().sum_dim_intlist(-1, true, Kind::Float).sqrt()
}
