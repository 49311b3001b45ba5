//! A channel on a split: the part of the work that is done or not done when a run is killed.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tch::no_grad;

use super::channel::Channel;
use super::encode::Encoded;
use super::sources::{Sent, Sources};
use crate::worlds::talk::play::{Played, Start, play};
use crate::worlds::talk::stages::Pass;
use crate::worlds::talk::tasks::Split;

/// What a channel came to on a split. Numbers are means over problems.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    /// The problems that were solved.
    pub right: Vec<bool>,
    /// Positions of the message in the receiver's text.
    pub positions: f64,
    pub bytes: f64,
    /// Steps that the sender took.
    pub sender_steps: f64,
    /// Tokens that the receiver wrote.
    pub written: f64,
    /// Cross-entropy of the reference answer (nats).
    pub cross_entropy: f64,
    /// Divergence of the receiver's distributions from those with the message of another problem
    /// (bits).
    pub js_bits: f64,
    /// Solved problems and all, by group.
    pub groups: BTreeMap<String, (usize, usize)>,
}

impl Tested {
    pub fn solved(&self) -> usize {
        self.right.iter().filter(|right| **right).count()
    }

    /// The share of solved problems.
    pub fn share(&self) -> f64 {
        self.solved() as f64 / self.right.len().max(1) as f64
    }
}

/// Sums over problems.
#[derive(Default)]
struct Sums {
    tested: Tested,
    count: usize,
}

impl Sources {
    /// Tests a channel on a split; the results, and a line for each problem.
    ///
    /// # Errors
    /// When a message does not fit the receiver.
    pub fn test(&self, named: (&str, Channel), split: Split) -> Result<(Tested, Vec<Value>)> {
        let sent = self.sent(split)?;
        let (mut sums, mut lines) = (Sums::default(), vec![]);
        for from in (0..sent.problems.len()).step_by(self.talk.evaluate.batch_size) {
            let range = from..sent.problems.len().min(from + self.talk.evaluate.batch_size);
            no_grad(|| self.test_some(named, sent, range, &mut sums, &mut lines))?;
        }
        Ok((sums.means(), lines))
    }

    fn test_some(
        &self,
        (name, channel): (&str, Channel),
        sent: &Sent,
        range: std::ops::Range<usize>,
        sums: &mut Sums,
        lines: &mut Vec<Value>,
    ) -> Result<()> {
        let (receiver, problems) = (self.receiver(channel)?, &sent.problems[range.clone()]);
        let encoded = self.encode((name, channel), sent, range.clone())?;
        let (loss, bits) = self.distributions(channel, sent, range.clone(), &encoded)?;
        let messages = problems.iter().zip(&encoded);
        let messages = messages.map(|(problem, encoded)| (problem, encoded.message())).collect();
        let start = self.start(channel, sent, range.clone())?;
        let played = play(&receiver.model.decoder, &receiver.renderer, &self.task, messages, start)?;
        sums.count += problems.len();
        sums.tested.cross_entropy += loss * problems.len() as f64;
        sums.tested.js_bits += bits * problems.len() as f64;
        for (at, (encoded, played)) in range.zip(encoded.into_iter().zip(played)) {
            let group = &sent.problems[at].group;
            sums.add(group, &encoded, &played);
            lines.push(json!({
                "id": sent.problems[at].id, "group": group, "success": played.success,
                "plan": sent.plans[at].text, "gloss": self.gloss(&encoded)?, "turns": played.turns,
            }));
        }
        Ok(())
    }

    /// Cross-entropy of the reference answers (nats), and the divergence (bits) from the
    /// distributions with other problems' messages.
    fn distributions(
        &self,
        channel: Channel,
        sent: &Sent,
        range: std::ops::Range<usize>,
        encoded: &[Encoded],
    ) -> Result<(f64, f64)> {
        let receiver = self.receiver(channel)?;
        let problems = &sent.problems[range.clone()];
        let pass = |channel: Channel, encoded: &[Encoded]| {
            let texts = problems.iter().zip(encoded);
            let texts =
                texts.map(|(problem, encoded)| receiver.renderer.conversation(problem, encoded.message()));
            let (texts, decoder) = (texts.collect::<Result<Vec<_>>>()?, &receiver.model.decoder);
            let openings = problems.iter().zip(encoded);
            let openings =
                openings.map(|(problem, encoded)| receiver.renderer.opening(problem, encoded.message()));
            match self.start(channel, sent, range.clone())? {
                Start { context: None, graft: None } => Pass::of(decoder, &texts),
                start => Pass::after(start, decoder, &openings.collect::<Result<Vec<_>>>()?, &texts),
            }
        };
        let own = pass(channel, encoded)?;
        let loss = own.mean_cross_entropy();
        // Receivers of baselines read no hidden states.
        let other = match channel {
            Channel::CotFull => ("cross_text", Channel::CrossText),
            Channel::NoCot => ("no_cot", Channel::NoCot),
            _ => ("cross_task", Channel::CrossTask),
        };
        let others = pass(other.1, &self.encode(other, sent, range.clone())?)?;
        Ok((loss, own.bits_from(&others)))
    }

    /// The token that each hidden state of a message predicts.
    fn gloss(&self, encoded: &Encoded) -> Result<Option<String>> {
        let nearest = encoded.hidden.as_ref().map(|hidden| {
            let ids = self.sender.decoder.logits(hidden).argmax(-1, false);
            self.renderer.decode(&Vec::<i64>::try_from(&ids)?)
        });
        nearest.transpose()
    }
}

impl Sums {
    fn add(&mut self, group: &str, encoded: &Encoded, played: &Played) {
        let tested = &mut self.tested;
        tested.right.push(played.success);
        tested.positions += encoded.rows as f64;
        tested.bytes += encoded.bytes as f64;
        tested.sender_steps += encoded.steps as f64;
        tested.written += played.tokens as f64;
        let (solved, all) = tested.groups.entry(group.to_owned()).or_default();
        *solved += usize::from(played.success);
        *all += 1;
    }

    fn means(self) -> Tested {
        let (count, mut tested) = (self.count.max(1) as f64, self.tested);
        for sum in [
            &mut tested.positions,
            &mut tested.bytes,
            &mut tested.sender_steps,
            &mut tested.written,
            &mut tested.cross_entropy,
            &mut tested.js_bits,
        ] {
            *sum /= count;
        }
        tested
    }
}
