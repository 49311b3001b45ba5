//! The stage `actor`.

use serde::{Deserialize, Serialize};
use umwelt_language::LowRankShape;

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, positive, refuse};

/// The terms of the receiver's objective.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// With the faults of the public code mended.
    #[default]
    Fixed,
    /// As the public code computes them.
    Repo,
    /// As the paper states them.
    Paper,
}

/// The messages that a receiver is trained with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorChannel {
    #[default]
    Latent,
    /// Plans as text.
    Text,
    None,
}

/// The parameters that are trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trained {
    /// Receiver and adapter.
    #[default]
    Full,
    /// The adapter alone.
    Adapter,
    /// The adapter, and weights of low rank that add to the receiver's.
    Lora,
}

/// Settings under `talk.actor.lora`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoraSettings {
    pub rank: i64,
    /// The added weights are scaled by `alpha / rank`.
    pub alpha: f64,
    /// The layers of attention that get one, of `q`, `k`, `v` and `o`.
    pub layers: Vec<String>,
}

impl Default for LoraSettings {
    fn default() -> Self {
        Self { rank: 16, alpha: 32.0, layers: ["q", "k", "v", "o"].map(str::to_owned).to_vec() }
    }
}

impl LoraSettings {
    pub fn shape(&self) -> LowRankShape {
        LowRankShape { rank: self.rank, alpha: self.alpha, layers: self.layers.clone() }
    }
}

/// Messages that are latents in one part and text in the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MixtureMode {
    /// Latents, then text, as the public code does.
    #[default]
    LatentFirst,
    /// Text, then latents, as the paper says.
    TokenFirst,
    /// Latents or text at each position, by chance.
    Scatter,
    /// Latents alone.
    None,
}

/// The fate of a conversation without a collected message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// It ends the run.
    #[default]
    Error,
    /// It is left out.
    Skip,
    /// Its message is empty.
    Silent,
}

/// Settings under `talk.actor`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActorSettings {
    /// The number of the sender, among talk.senders, that learns to read the one before it in a
    /// chain; null is the receiver.
    pub reader: Option<usize>,
    pub switch: Switch,
    pub channel: ActorChannel,
    pub train: Trained,
    pub lora: LoraSettings,
    pub steps: usize,
    pub batch_size: usize,
    pub lr: f64,
    /// The factor on the learning rate of the adapter.
    pub adapter_lr_factor: f64,
    /// The share of steps in which the learning rate rises.
    pub warmup: f64,
    pub clip: f64,
    pub mixture: MixtureMode,
    /// The probability that a message is all latents, as it is in evaluation.
    pub p_full: f64,
    /// The weights of plan similarity and contrast; null lets them grow with the terms.
    pub weights: Option<Vec<f64>>,
    /// The passes with the plan as text and with a wrong message are part of every n-th step; the
    /// others learn by cross-entropy alone.
    pub aux_every: usize,
    /// The most rows of a message.
    pub max_message: usize,
    /// The fate of conversations without a collected message.
    pub missing: Missing,
    /// The share of collected messages that are held out.
    pub eval_ratio: f64,
}

impl Default for ActorSettings {
    fn default() -> Self {
        Self {
            reader: None,
            switch: Switch::Fixed,
            channel: ActorChannel::Latent,
            train: Trained::Full,
            lora: LoraSettings::default(),
            steps: 150,
            batch_size: 32,
            lr: 3e-4,
            adapter_lr_factor: 3.0,
            warmup: 0.03,
            clip: 3.0,
            mixture: MixtureMode::LatentFirst,
            p_full: 0.3,
            weights: None,
            aux_every: 1,
            max_message: 800,
            missing: Missing::Error,
            eval_ratio: 0.05,
        }
    }
}

impl ActorSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let counts =
            [("steps", self.steps), ("max_message", self.max_message), ("aux_every", self.aux_every)];
        at_least(1, &counts)?;
        at_most(MOST, &counts)?;
        at_least(2, &[("batch_size", self.batch_size)])?;
        positive(&[("lr", self.lr), ("clip", self.clip), ("adapter_lr_factor", self.adapter_lr_factor)])?;
        let shares = [("p_full", self.p_full), ("eval_ratio", self.eval_ratio), ("warmup", self.warmup)];
        if let Some((key, value)) = shares.iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return refuse(key, format!("must be from 0 to 1, but is {value}"));
        }
        if let Err(error) = self.lora.shape().check() {
            return refuse("lora", error.to_string());
        }
        match &self.weights {
            Some(weights) if weights.len() != 2 || weights.iter().any(|w| !w.is_finite() || *w < 0.0) => {
                refuse("weights", "must be null, or two numbers that are 0 or more")
            }
            _ => Ok(()),
        }
    }
}
