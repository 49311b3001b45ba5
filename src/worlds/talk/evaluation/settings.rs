//! The settings of the evaluation.

use serde::{Deserialize, Serialize};

use super::channel::{Channel, expanded};
use crate::settings::check::{InvalidSetting, at_least, at_most, refuse};
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
}

/// The setting of the receiver that was trained with plans as text.
const COT_FULL: &str = "talk.evaluate.cot_full";
/// The setting of the receiver that was trained without messages.
const NO_COT: &str = "talk.evaluate.no_cot";

impl Default for EvaluateSettings {
    fn default() -> Self {
        Self { channels: vec!["core".into()], batch_size: 300, equality: Equality::default() }
    }
}

impl EvaluateSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("batch_size", self.batch_size)])?;
        at_most(10_000, &[("batch_size", self.batch_size)])?;
        match self.all(&[8]) {
            Ok(channels) if channels.is_empty() => refuse("channels", "must name a channel"),
            Ok(_) => Ok(()),
            Err(reason) => refuse("channels", reason),
        }
    }

    /// The channels by name, for students of `ks` latents.
    pub fn all(&self, ks: &[usize]) -> Result<Vec<(String, Channel)>, String> {
        let mut all: Vec<(String, Channel)> = vec![];
        for name in &self.channels {
            for (name, channel) in expanded(name, ks)? {
                if all.iter().all(|(known, _)| *known != name) {
                    all.push((name, channel));
                }
            }
        }
        Ok(all)
    }

    fn has(&self, is: impl Fn(Channel) -> bool) -> bool {
        self.all(&[8]).is_ok_and(|channels| channels.into_iter().any(|(_, channel)| is(channel)))
    }

    /// True if a channel is a trained student's.
    pub fn has_students(&self) -> bool {
        self.has(|channel| matches!(channel, Channel::Student(_)))
    }

    /// The receivers of baselines that channels need, by setting.
    pub fn baselines(&self) -> Vec<(&'static str, ActorChannel)> {
        let all =
            [(Channel::CotFull, COT_FULL, ActorChannel::Text), (Channel::NoCot, NO_COT, ActorChannel::None)];
        let needed = all.into_iter().filter(|(needed, ..)| self.has(|channel| channel == *needed));
        needed.map(|(_, key, channel)| (key, channel)).collect()
    }
}

/// The setting that names the receiver of a channel.
pub fn receiver_of(channel: Channel) -> &'static str {
    match channel {
        Channel::CotFull => COT_FULL,
        Channel::NoCot => NO_COT,
        _ => crate::worlds::talk::settings::TRAINED,
    }
}
