//! Single questions to trained models: one problem, through one channel.

use anyhow::{Context, Result};
use serde::Serialize;
use tch::no_grad;

use super::channel::{Channel, Counts, expanded};
use super::encode::{Encoded, Latents};
use super::gloss::{Near, likely, nearest};
use super::message::{norms, successive};
use super::sources::{Sent, Sources};
use crate::worlds::talk::play::Plan;
use crate::worlds::talk::speaker::Speaker;
use crate::worlds::talk::tasks::{Problem, Split};

/// Tokens that a row is compared with.
const TOKENS: i64 = 5;

/// A row of a message.
#[derive(Debug, Serialize)]
pub struct MessageRow {
    /// The token of the plan at the same place, or the token itself in a message of text.
    pub token: Option<String>,
    /// What is known of a hidden state.
    pub hidden: Option<HiddenRow>,
}

/// The nearest tokens of a hidden state, and its size.
#[derive(Debug, Serialize)]
pub struct HiddenRow {
    /// The number of the sender.
    pub who: usize,
    /// By the sender's head, with their probabilities.
    pub sender: Vec<Near>,
    /// By the receiver's embeddings behind the adapter, with their cosines.
    pub receiver: Vec<Near>,
    pub norm: f64,
    /// The cosine with the row before.
    pub cosine: Option<f64>,
}

/// What a sender does with a problem.
#[derive(Debug, Serialize)]
pub struct Said {
    /// The number of the sender.
    pub who: usize,
    pub reads: String,
    pub plan: String,
}

/// A problem, the message that is sent for it, and what the receiver does.
#[derive(Debug, Serialize)]
pub struct Told {
    pub id: String,
    pub group: String,
    /// The senders that the receiver reads, one at least.
    pub senders: Vec<Said>,
    /// The text that the receiver reads first.
    pub reads: String,
    /// The reference answers; none where no answer is known.
    pub reference: Vec<String>,
    pub positions: usize,
    pub bytes: usize,
    pub sender_steps: usize,
    pub rows: Vec<MessageRow>,
    /// The receiver's turns.
    pub turns: Vec<String>,
    /// What the receiver reads between its turns.
    pub observations: Vec<String>,
    pub success: bool,
}

impl Sources {
    /// The channels by name whose models are here.
    ///
    /// # Errors
    /// Never: the names are those of groups.
    pub fn channels(&self) -> Result<Vec<(String, Channel)>> {
        let numbers: Vec<usize> = self.students.keys().copied().collect();
        let counts = Counts { latents: &numbers, ..self.talk.counts() };
        let all = expanded("all", counts).map_err(anyhow::Error::msg)?;
        let is_here = |channel: Channel| match channel {
            Channel::Student(count) => self.students.contains_key(&count),
            Channel::Fused => self.fuser.is_some(),
            Channel::CotFull | Channel::NoCot => self.receiver(channel).is_ok(),
            _ => true,
        };
        Ok(all.into_iter().filter(|(_, channel)| is_here(*channel)).collect())
    }

    /// The message of a channel for a problem, and what the receiver does with it.
    ///
    /// # Errors
    /// When the problem is unknown, sender and receiver do not fit the channel, or the problem's
    /// world fails.
    pub fn told(&self, split: Split, number: u64, named: (&str, Channel)) -> Result<Told> {
        let levels = self.task.levels();
        // Some channels send the message of the problem behind it.
        let count = self.task.count(split, self.talk.eval_tasks) as u64;
        let numbers = [number, (number + 1) % count.max(1)];
        let problems: Vec<Problem> = numbers
            .into_iter()
            .map(|number| self.task.problem(split, number, levels))
            .collect::<Result<_>>()?;
        no_grad(|| {
            let plans = self.write(&problems)?;
            let sent = Sent { problems, plans, tested: 0..1 };
            let encoded = self.encode(named, &sent, 0..1)?;
            let (mut played, failure) = self.played(named.1, &sent, 0, &[0], &encoded)?;
            failure.map_or(Ok(()), Err)?;
            let played = played.pop().flatten().and_then(|mut samples| samples.pop());
            let played = played.context("a problem has a sample")?;
            let (problem, encoded) = (&sent.problems[0], &encoded[0]);
            Ok(Told {
                id: problem.id.clone(),
                group: problem.group.clone(),
                senders: self.said(problem, &sent),
                reads: problem.reads().to_owned(),
                reference: problem.turns.iter().map(|(_, answer)| answer.clone()).collect(),
                positions: encoded.rows,
                bytes: encoded.bytes,
                sender_steps: encoded.steps,
                rows: self.message_rows(named.1, &sent, encoded)?,
                turns: played.turns,
                observations: played.observations,
                success: played.success,
            })
        })
    }

    /// What each sender does with the first problem.
    fn said(&self, problem: &Problem, sent: &Sent) -> Vec<Said> {
        let said = |(sender, plans): (&Speaker, &Vec<Plan>)| Said {
            who: sender.who,
            reads: problem.read_by(sender.who).sender,
            plan: plans[0].text.clone(),
        };
        self.senders.iter().zip(&sent.plans).map(said).collect()
    }

    /// The rows of the message of the first problem beside the tokens of the plans.
    ///
    /// # Errors
    /// When a token cannot be decoded.
    pub fn message_rows(&self, channel: Channel, sent: &Sent, encoded: &Encoded) -> Result<Vec<MessageRow>> {
        if encoded.latents.is_empty() {
            let renderer = &self.receiver(channel)?.renderer;
            let token = |id: i64| Ok(MessageRow { token: Some(renderer.token(id)?), hidden: None });
            return encoded.ids().into_iter().map(token).collect();
        }
        let of = |latents: &Latents| self.latent_rows(channel, &sent.plans[latents.who][0].ids, latents);
        let all: Vec<Vec<MessageRow>> = encoded.latents.iter().map(of).collect::<Result<_>>()?;
        Ok(all.into_iter().flatten().collect())
    }

    /// The rows of a sender's hidden states beside the tokens of its plan.
    fn latent_rows(&self, channel: Channel, plan: &[i64], latents: &Latents) -> Result<Vec<MessageRow>> {
        let receiver = self.receiver(channel)?;
        let Latents { who, hidden, rows } = latents;
        let Speaker { model, renderer, who, .. } = &self.senders[*who];
        let says = likely(&model.decoder, renderer, hidden, TOKENS)?;
        let reads = nearest(&receiver.model.decoder, &receiver.renderer, rows, TOKENS)?;
        let (norms, cosines) = (norms(hidden)?, successive(hidden)?);
        let row = |(at, (sender, receiver)): (usize, (Vec<Near>, Vec<Near>))| {
            let token = plan.get(at).map(|id| renderer.token(*id)).transpose()?;
            let cosine = at.checked_sub(1).map(|before| cosines[before]);
            let hidden = HiddenRow { who: *who, sender, receiver, norm: norms[at], cosine };
            Ok(MessageRow { token, hidden: Some(hidden) })
        };
        says.into_iter().zip(reads).enumerate().map(row).collect()
    }
}
