//! A channel on a split: the part of the work that is done or not done when a run is killed.

use std::ops::Range;

use anyhow::{Context, Result};
use tch::{Kind, Tensor, no_grad};
use umwelt_language::Sampling;

use super::channel::Channel;
use super::encode::Encoded;
use super::episodes::{Episode, Episodes};
use super::sources::{Sent, Sources};
use crate::worlds::talk::play::{Messages, Outcomes, Played, Player, Start};
use crate::worlds::talk::stages::Pass;
use crate::worlds::talk::tasks::Split;

/// Numbers of a receiver's distributions over the reference answer of a problem.
#[derive(Clone, Copy, Debug, Default)]
struct Distributions {
    /// The cross-entropy (nats), and the number of positions that it is the mean of.
    nats: f64,
    positions: usize,
    /// The divergence (bits) from the distributions with the message of another problem.
    js_bits: f64,
}

/// The samples of a problem; `None` where its world failed.
type Samples = Option<Vec<Played>>;

impl Sources {
    /// Tests a channel on a split, and adds what becomes of the problems that are not done yet.
    /// `keep` writes the episodes down.
    ///
    /// # Errors
    /// When a message does not fit the receiver, or the world of a problem fails. Episodes that
    /// ended are kept then.
    pub fn test(
        &self,
        named: (&str, Channel),
        split: Split,
        episodes: &mut Episodes,
        mut keep: impl FnMut(&Episodes) -> Result<()>,
    ) -> Result<()> {
        let (sent, size) = (self.sent(split)?, self.at_once());
        for from in sent.tested.clone().step_by(size) {
            let range = from..sent.tested.end.min(from + size);
            let missing: Vec<usize> =
                range.clone().filter(|at| !episodes.has(&sent.problems[*at].id)).collect();
            if missing.is_empty() {
                continue;
            }
            let failure = no_grad(|| self.test_some(named, sent, range, &missing, episodes))?;
            keep(episodes)?;
            failure.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// Tests the problems `missing` of a range. All of it is encoded, so that the numbers are those
    /// of a run that was never stopped. Returns the failure of a world.
    fn test_some(
        &self,
        (name, channel): (&str, Channel),
        sent: &Sent,
        range: Range<usize>,
        missing: &[usize],
        episodes: &mut Episodes,
    ) -> Result<Option<anyhow::Error>> {
        let encoded = self.encode((name, channel), sent, range.clone())?;
        let distributions = self.distributions(channel, sent, range.clone(), &encoded)?;
        let (played, failure) = self.played(channel, sent, range.start, missing, &encoded)?;
        for (at, samples) in missing.iter().zip(played) {
            let place = at - range.start;
            if let Some(samples) = samples {
                let episode = self.episode(channel, sent, *at, &encoded[place], &samples)?;
                let Distributions { nats, positions, js_bits } = distributions[place];
                episodes.add(Episode { nats, supervised: positions, js_bits, ..episode });
            }
        }
        Ok(failure)
    }

    /// The samples of each missing problem, `None` where a world failed.
    pub fn played(
        &self,
        channel: Channel,
        sent: &Sent,
        start: usize,
        missing: &[usize],
        encoded: &[Encoded],
    ) -> Result<(Vec<Samples>, Option<anyhow::Error>)> {
        let (receiver, settings) = (self.receiver(channel)?, &self.talk.evaluate);
        let sampling = Sampling { temperature: settings.temperature, ..Sampling::GREEDY };
        let (mut all, mut failed) = (vec![Some(vec![]); missing.len()], None);
        for sample in 0..settings.samples {
            let player = Player::greedy(&receiver.model.decoder, &receiver.renderer, &self.task)
                .writing(sampling, self.seed, settings.max_new_tokens)
                .sample(sample);
            let messages: Messages =
                missing.iter().map(|at| (&sent.problems[*at], encoded[at - start].message())).collect();
            let from = self.start(channel, sent, missing)?;
            let Outcomes { played, failure } = player.play_from(from, messages)?;
            failed = failed.or(failure);
            for (samples, played) in all.iter_mut().zip(played) {
                *samples =
                    samples.take().zip(played).map(|(samples, played)| [samples, vec![played]].concat());
            }
        }
        Ok((all, failed))
    }

    fn episode(
        &self,
        channel: Channel,
        sent: &Sent,
        at: usize,
        encoded: &Encoded,
        samples: &[Played],
    ) -> Result<Episode> {
        let (problem, first) = (&sent.problems[at], samples.first().context("a problem has a sample")?);
        let written: Vec<String> = samples.iter().filter_map(|played| played.turns.last().cloned()).collect();
        let is_sampled = samples.len() > 1;
        let majority = || self.task.majority(problem, &written);
        Ok(Episode {
            id: problem.id.clone(),
            group: problem.group.clone(),
            subject: problem.subject.clone(),
            success: first.success,
            prompt: problem.reads().to_owned(),
            plan: sent.said(at),
            gloss: self.gloss(channel, encoded)?,
            turns: first.turns.clone(),
            others: samples[1..].iter().map(|played| played.turns.clone()).collect(),
            right_samples: samples.iter().filter(|played| played.success).count(),
            majority: is_sampled.then(majority).flatten(),
            positions: encoded.rows,
            bytes: encoded.bytes,
            sender_steps: encoded.steps,
            written: samples.iter().map(|played| played.tokens).sum::<usize>() as f64 / samples.len() as f64,
            ..Episode::default()
        })
    }

    /// Numbers of the receiver's distributions over each reference answer; of zeros where a problem
    /// of the range has no reference.
    fn distributions(
        &self,
        channel: Channel,
        sent: &Sent,
        range: Range<usize>,
        encoded: &[Encoded],
    ) -> Result<Vec<Distributions>> {
        let receiver = self.receiver(channel)?;
        let problems = &sent.problems[range.clone()];
        if !problems.iter().all(|problem| problem.has_reference()) {
            return Ok(vec![Distributions::default(); problems.len()]);
        }
        let places: Vec<usize> = range.clone().collect();
        let pass = |channel: Channel, encoded: &[Encoded]| {
            let pairs = || problems.iter().zip(encoded);
            let texts =
                pairs().map(|(problem, encoded)| receiver.renderer.conversation(problem, encoded.message()));
            let (texts, decoder) = (texts.collect::<Result<Vec<_>>>()?, &receiver.model.decoder);
            let openings =
                pairs().map(|(problem, encoded)| receiver.renderer.opening(problem, encoded.message()));
            match self.start(channel, sent, &places)? {
                Start { context: None, graft: None, .. } => Pass::of(decoder, &texts),
                start => Pass::after(start, decoder, openings.collect::<Result<_>>()?, &texts),
            }
        };
        let own = pass(channel, encoded)?;
        // Receivers of baselines read no hidden states.
        let other = match channel {
            Channel::CotFull => ("cross_text", Channel::CrossText),
            Channel::NoCot => ("no_cot", Channel::NoCot),
            _ => ("cross_task", Channel::CrossTask),
        };
        let others = pass(other.1, &self.encode(other, sent, range)?)?;
        // Equal distributions differ by rounding, which may be negative.
        let bits = own.bits(&others).clamp_min(0.0);
        let (nats, bits) = (numbers(&own.losses())?, numbers(&bits)?);
        let all = nats.into_iter().zip(bits).zip(&own.supervised.counts);
        Ok(all
            .map(|((nats, js_bits), count)| Distributions { nats, js_bits, positions: *count as usize })
            .collect())
    }
}

/// Values `[N]` on the host.
fn numbers(values: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::try_from(values.to_kind(Kind::Double))?)
}
