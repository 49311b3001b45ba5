//! Messages of a channel.

use anyhow::{Context as _, Result, ensure};
use tch::{Kind, Tensor};
use umwelt_language::{DecoderLm, LmConfig, Segment};

use super::channel::Channel;
use super::sources::{Sent, Sources};
use crate::worlds::talk::play::Plan;
use crate::worlds::talk::text::{Renderer, by_problem};

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
    /// The hidden states of each sender, for a gloss; none in a message of text.
    pub latents: Vec<Latents>,
}

/// The hidden states of a sender in a message.
pub struct Latents {
    pub who: usize,
    /// Before the adapter, `[L, d_s]`.
    pub hidden: Tensor,
    /// Behind it, `[L, d]`.
    pub rows: Tensor,
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

    /// The tokens of a message of text.
    pub fn ids(&self) -> Vec<i64> {
        let ids = |segment: &Segment| match segment {
            Segment::Ids(ids) => ids.clone(),
            Segment::Embeddings(_) => vec![],
        };
        self.message.iter().flatten().flat_map(ids).collect()
    }

    fn nothing() -> Self {
        Self { message: None, rows: 0, bytes: 0, steps: 0, latents: vec![] }
    }

    fn empty() -> Self {
        Self { message: Some(vec![]), ..Self::nothing() }
    }

    fn text(ids: Vec<i64>) -> Self {
        let rows = ids.len();
        Self { message: Some(vec![Segment::Ids(ids)]), rows, bytes: 2 * rows, steps: rows, ..Self::nothing() }
    }

    /// Positions that do not stand in the receiver's text, of `numbers` for each.
    pub fn keys(rows: usize, numbers: usize, steps: usize) -> Self {
        Self { rows, bytes: 2 * rows * numbers, steps, ..Self::nothing() }
    }

    /// The same text, with as many `numbers` of a cache for each position.
    fn with_keys(self, numbers: usize) -> Self {
        Self { bytes: self.bytes + 2 * self.rows * numbers, ..self }
    }

    /// The hidden states of a sender as embeddings.
    fn latents(latents: Latents, steps: usize) -> Self {
        let (rows, width) = latents.hidden.size2().expect("hidden states are [L, d]");
        let message = Some(vec![Segment::Embeddings(latents.rows.shallow_clone())]);
        let bytes = (2 * rows * width) as usize;
        Self { message, rows: rows as usize, bytes, steps, latents: vec![latents] }
    }

    /// The messages of several senders as one.
    fn joined(renderer: &Renderer, all: Vec<Self>) -> Self {
        let mut joined = Self::nothing();
        let mut messages = vec![];
        for one in all {
            messages.extend(one.message);
            joined.rows += one.rows;
            joined.bytes += one.bytes;
            joined.steps += one.steps;
            joined.latents.extend(one.latents);
        }
        joined.message = (!messages.is_empty()).then(|| renderer.joined(messages));
        joined
    }
}

impl Sources {
    /// The messages of `channel`, named `name`, for the problems `range` of a split.
    ///
    /// # Errors
    /// When sender and receiver do not fit the channel.
    pub fn encode(
        &self,
        named: (&str, Channel),
        sent: &Sent,
        range: std::ops::Range<usize>,
    ) -> Result<Vec<Encoded>> {
        let of = |who: usize| self.encode_one(named, sent, who, range.clone());
        let senders = (0..self.senders.len()).map(of).collect::<Result<_>>()?;
        let renderer = &self.receiver(named.1)?.renderer;
        let join = |mut messages: Vec<Encoded>| match messages.len() {
            1 => messages.remove(0),
            _ => Encoded::joined(renderer, messages),
        };
        Ok(by_problem(senders).into_iter().map(join).collect())
    }

    /// The messages of sender `who`.
    fn encode_one(
        &self,
        (name, channel): (&str, Channel),
        sent: &Sent,
        who: usize,
        range: std::ops::Range<usize>,
    ) -> Result<Vec<Encoded>> {
        let (plans, sender) = (&sent.plans[who], &self.senders[who].model);
        let next = |at: usize| &plans[(at + 1) % plans.len()];
        let hidden = |plan: &Plan| Ok(plan.hidden.shallow_clone());
        let adapt = |hidden: Vec<Result<Tensor>>| self.adapt(who, hidden.into_iter(), |rows| rows);
        let text =
            |text: &str| Ok::<_, anyhow::Error>(Encoded::text(self.receiver(channel)?.renderer.plan(text)?));
        match channel {
            Channel::Text | Channel::CotFull => range.map(|at| text(&plans[at].text)).collect(),
            Channel::Fused => {
                let numbers = key_values(sender.decoder.config());
                let fused = |at: usize| Ok(text(&plans[at].text)?.with_keys(numbers));
                range.map(fused).collect()
            }
            Channel::CrossText => range.map(|at| text(&next(at).text)).collect(),
            Channel::Nothing | Channel::NoCot => Ok(range.map(|_| Encoded::nothing()).collect()),
            Channel::EmptyPair => Ok(range.map(|_| Encoded::empty()).collect()),
            Channel::Full => adapt(range.map(|at| hidden(&plans[at])).collect()),
            Channel::OneOf(one) if one == who => adapt(range.map(|at| hidden(&plans[at])).collect()),
            Channel::OneOf(_) => Ok(range.map(|_| Encoded::nothing()).collect()),
            Channel::CrossTask => adapt(range.map(|at| hidden(next(at))).collect()),
            Channel::CrossFamily { same } => {
                adapt(range.map(|at| hidden(&plans[sent.other_of_group(at, same)])).collect())
            }
            Channel::KeyValues { .. } => self.cached(channel, sent, range),
            Channel::Graft { .. } => {
                let width = sender.decoder.config().hidden as usize;
                Ok(range.map(|at| Encoded::keys(1, width, plans[at].ids.len())).collect())
            }
            Channel::Changed(control) => {
                let mut at = range.start;
                let changed = range.map(|at| {
                    let hidden = &plans[at].hidden;
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
                let lengths: Vec<usize> = plans.iter().map(|plan| plan.ids.len()).collect();
                self.adapt(who, changed, |rows| {
                    at += 1;
                    if first { rows } else { lengths[at - 1] }
                })
            }
            Channel::Student(count) => {
                let student =
                    self.students.get(&count).with_context(|| format!("no student sends {count} latents"))?;
                let latents = student.latents(&self.prompts(sent, range)?, count)?;
                adapt(latents.unbind(0).into_iter().map(Ok).collect())
            }
            Channel::Roll(count) => {
                let latents = self.roll(sent, range, count, None)?;
                adapt(latents.unbind(0).into_iter().map(Ok).collect())
            }
            Channel::Realigned(count) => {
                let map = realignment(&sender.decoder);
                self.raw(self.roll(sent, range, count, Some(&map))?.unbind(0), channel)
            }
            Channel::Cipher => {
                let expected = |at: usize| {
                    let logits = sender.decoder.logits(&plans[at].hidden);
                    logits.softmax(-1, Kind::Float).matmul(&sender.decoder.embedding().to_kind(Kind::Float))
                };
                self.raw(range.map(expected).collect(), channel)
            }
        }
    }

    /// Messages of sender `who` through the adapter; `steps` gives its steps for a number of rows.
    fn adapt(
        &self,
        who: usize,
        hidden: impl Iterator<Item = Result<Tensor>>,
        mut steps: impl FnMut(usize) -> usize,
    ) -> Result<Vec<Encoded>> {
        let hidden: Vec<Tensor> = hidden.collect::<Result<_>>()?;
        let spoken: Vec<Tensor> =
            hidden.iter().filter(|rows| rows.size()[0] > 0).map(Tensor::shallow_clone).collect();
        let adapter = &self.receiver(Channel::Full)?.adapter;
        let mut rows = adapter.adapted(who, &spoken, None)?.into_iter();
        let encode = |hidden: Tensor| {
            let steps = steps(hidden.size()[0] as usize);
            let silent = || Encoded { steps, ..Encoded::empty() };
            let is_spoken = hidden.size()[0] > 0;
            let embeddings = is_spoken.then(|| rows.next()).flatten();
            embeddings.map_or_else(silent, |rows| Encoded::latents(Latents { who, hidden, rows }, steps))
        };
        Ok(hidden.into_iter().map(encode).collect())
    }

    /// Rows that are inserted as they are.
    fn raw(&self, rows: Vec<Tensor>, channel: Channel) -> Result<Vec<Encoded>> {
        let (own, theirs) = (
            self.sender().model.decoder.config().hidden,
            self.receiver(channel)?.model.decoder.config().hidden,
        );
        ensure!(
            own == theirs,
            "talk.evaluate.channels: {channel:?} inserts the sender's rows of {own} features, and the receiver has {theirs}"
        );
        let encode = |rows: Tensor| match rows.size()[0] {
            0 => Encoded::empty(),
            count => {
                let latents = Latents { who: 0, hidden: rows.shallow_clone(), rows };
                Encoded::latents(latents, count as usize)
            }
        };
        Ok(rows.into_iter().map(encode).collect())
    }

    /// The sender's prompts of the problems `range` of a split.
    ///
    /// # Errors
    /// When the tokenizer cannot encode them.
    pub fn prompts(&self, sent: &Sent, range: std::ops::Range<usize>) -> Result<Vec<Vec<Segment>>> {
        let prompt =
            |at: usize| Ok(vec![Segment::Ids(self.sender().renderer.sender(&sent.problems[at], None)?.ids)]);
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
        let sender = &self.sender().model.decoder;
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
