//! The settings of the evaluation.

use serde::{Deserialize, Serialize};

use super::channel::{Channel, Counts, expanded};
use super::checkpoints::Checkpoints;
use crate::settings::check::{InvalidSetting, at_least, at_most, not_negative, refuse};
use crate::worlds::talk::settings::ActorChannel;
use crate::worlds::talk::tasks::math::Equality;

/// Settings under `talk.evaluate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluateSettings {
    /// Channels, or groups of them: `core`, `controls`, `compression`, `related`, `all`.
    pub channels: Vec<String>,
    /// Problems that are worked on at once.
    pub batch_size: usize,
    /// When an answer in a box is right.
    pub equality: Equality,
    /// The receiver's temperature; 0 takes the most likely tokens.
    pub temperature: f64,
    /// Answers of the receiver to each problem. The first one counts; the others say how often one
    /// of several, and most of them, are right.
    pub samples: usize,
    /// The most tokens of a receiver's turn; null takes the task's number.
    pub max_new_tokens: Option<usize>,
    /// The parts of an evaluation, each a run of its own. Their numbers are joined.
    pub parts: usize,
    /// The part that this process makes first, from 0. Processes that share a folder and begin with
    /// different parts do the work side by side.
    pub part: usize,
    /// The receivers that are evaluated: `best`, `last`, or `all` that were kept.
    pub checkpoints: Checkpoints,
}

/// The setting of the receiver that was trained with plans as text.
const COT_FULL: &str = "talk.evaluate.cot_full";
/// The setting of the receiver that was trained without messages.
const NO_COT: &str = "talk.evaluate.no_cot";

impl Default for EvaluateSettings {
    fn default() -> Self {
        Self {
            channels: vec!["core".into()],
            batch_size: 300,
            equality: Equality::default(),
            temperature: 0.0,
            samples: 1,
            max_new_tokens: None,
            parts: 1,
            part: 0,
            checkpoints: Checkpoints::default(),
        }
    }
}

impl EvaluateSettings {
    pub fn check(&self, counts: Counts) -> Result<(), InvalidSetting> {
        let most = self.max_new_tokens.unwrap_or(1);
        let numbers = [
            ("batch_size", self.batch_size),
            ("samples", self.samples),
            ("max_new_tokens", most),
            ("parts", self.parts),
        ];
        at_least(1, &numbers)?;
        at_most(10_000, &numbers)?;
        not_negative(&[("temperature", self.temperature)])?;
        if self.part >= self.parts {
            return refuse("part", format!("must be below talk.evaluate.parts, which is {}", self.parts));
        }
        if self.samples > 1 && self.temperature == 0.0 {
            return refuse("samples", "are all the same at temperature 0; set talk.evaluate.temperature");
        }
        self.all(counts).map_or_else(|reason| refuse("channels", reason), |_| Ok(()))
    }

    /// The channels by name.
    ///
    /// # Errors
    /// When a name is of no channel, or there is none.
    pub fn all(&self, counts: Counts) -> Result<Vec<(String, Channel)>, String> {
        let mut all: Vec<(String, Channel)> = vec![];
        for name in &self.channels {
            for (name, channel) in expanded(name, counts)? {
                if all.iter().all(|(known, _)| *known != name) {
                    all.push((name, channel));
                }
            }
        }
        if all.is_empty() { Err("must name a channel".into()) } else { Ok(all) }
    }

    fn has(&self, counts: Counts, is: impl Fn(Channel) -> bool) -> bool {
        self.all(Counts { latents: &[8], ..counts })
            .is_ok_and(|channels| channels.into_iter().any(|(_, channel)| is(channel)))
    }

    /// True if a channel is a trained student's.
    pub fn has_students(&self, counts: Counts) -> bool {
        self.has(counts, |channel| matches!(channel, Channel::Student(_)))
    }

    /// True if a channel is a trained fuser's.
    pub fn has_fuser(&self, counts: Counts) -> bool {
        self.has(counts, |channel| channel == Channel::Fused)
    }

    /// True if a channel sends the message of a problem of the same group, or of another.
    pub fn looks_for_groups(&self, counts: Counts) -> bool {
        self.has(counts, |channel| matches!(channel, Channel::CrossFamily { .. }))
    }

    /// The receivers of baselines that channels need, by setting.
    pub fn baselines(&self, counts: Counts) -> Vec<(&'static str, ActorChannel)> {
        let all =
            [(Channel::CotFull, COT_FULL, ActorChannel::Text), (Channel::NoCot, NO_COT, ActorChannel::None)];
        let needed = all.into_iter().filter(|(needed, ..)| self.has(counts, |channel| channel == *needed));
        needed.map(|(_, key, channel)| (key, channel)).collect()
    }
}

/// The key of a part of an evaluation.
pub fn part_of(part: usize) -> String {
    format!("talk.evaluate.part.{part}")
}

/// The setting that names the receiver of a channel.
pub fn receiver_of(channel: Channel) -> &'static str {
    match channel {
        Channel::CotFull => COT_FULL,
        Channel::NoCot => NO_COT,
        _ => crate::worlds::talk::settings::TRAINED,
    }
}
