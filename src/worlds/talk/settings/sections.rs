//! Sections of the settings, with their defaults.

use serde::{Deserialize, Serialize};
use umwelt_messages::Dtype;

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, not_negative, positive, refuse};

/// A stage. Each is a run of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageName {
    #[default]
    All,
    /// One model learns to write plans and to follow them.
    Pretrain,
    /// The sender's plans are written down with its hidden states.
    Collect,
    /// Collected plans are matched with reference solutions.
    Convert,
    /// The receiver learns to read hidden states.
    Actor,
    /// A student learns to send fewer latents.
    Compress,
    /// The receiver is tested with every channel.
    Evaluate,
    /// Messages are measured.
    Analyse,
}

/// A kind of problems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskName {
    #[default]
    ChainMath,
    MiniHouse,
    /// The data set MATH.
    Math,
    /// ALFWorld, through a child process.
    AlfWorld,
}

/// The size of a model that is made here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    Smoke,
    #[default]
    Tiny,
    /// `tiny` as a Llama: no biases, a head of its own, scaled positions.
    LlamaTiny,
    /// Of 96 features, so that the adapter projects its hidden states.
    Het,
    Small,
}

/// Settings under `talk.lm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LmSettings {
    pub size: Size,
    /// The size of sender and student; null takes `size`, and one model is pretrained for all.
    pub sender_size: Option<Size>,
    /// The number of layers; null takes the size's.
    pub layers: Option<i64>,
    /// The standard deviation of initial weights; null takes the root of 1 / hidden size.
    pub initializer_range: Option<f64>,
}

impl LmSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        if let Some(layers) = self.layers.filter(|layers| !(1..=256).contains(layers)) {
            return refuse("layers", format!("must be from 1 to 256, but is {layers}"));
        }
        positive(&[("initializer_range", self.initializer_range.unwrap_or(1.0))])
    }
}

/// Settings under `talk.pretrain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PretrainSettings {
    pub steps: usize,
    pub batch_size: usize,
    pub lr: f64,
    /// Steps in which the learning rate rises.
    pub warmup: usize,
    /// The shares of senders' texts, of receivers' texts with a plan, and of those without.
    pub mixture: Vec<f64>,
    /// Steps in which the difficulty rises from the first level to all.
    pub level_warmup: usize,
    pub weight_decay: f64,
    /// The share of seen problems that must be solved by plans as text.
    pub gate: f64,
}

impl Default for PretrainSettings {
    fn default() -> Self {
        Self {
            steps: 600,
            batch_size: 32,
            lr: 2e-3,
            warmup: 50,
            mixture: vec![0.35, 0.55, 0.1],
            level_warmup: 200,
            weight_decay: 0.01,
            gate: 0.9,
        }
    }
}

impl PretrainSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        at_most(MOST, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        positive(&[("lr", self.lr)])?;
        not_negative(&[("weight_decay", self.weight_decay), ("gate", self.gate)])?;
        let total: f64 = self.mixture.iter().sum();
        if self.mixture.len() != 3
            || self.mixture.iter().any(|share| *share < 0.0)
            || (total - 1.0).abs() > 1e-6
        {
            return refuse("mixture", "must be three shares that add up to 1");
        }
        Ok(())
    }
}

/// Rows that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// All that have a plan.
    #[default]
    None,
    /// Those whose plan is right.
    Right,
}

/// Settings under `talk.collect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CollectSettings {
    pub temperature: f64,
    pub top_p: f64,
    pub top_k: usize,
    pub repetition_penalty: f64,
    /// The most tokens of a plan; null takes the task's number.
    pub max_new_tokens: Option<usize>,
    /// Plans that are written at once, and rows of a file.
    pub batch_size: usize,
    /// The number format of hidden states in files.
    pub dtype: Dtype,
    pub filter: Filter,
    /// The subjects of MATH that messages are collected of; null takes all. Test problems of other
    /// subjects are unseen.
    pub subjects: Option<Vec<String>>,
}

impl Default for CollectSettings {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_p: 0.9,
            top_k: 0,
            repetition_penalty: 1.0,
            max_new_tokens: None,
            batch_size: 250,
            dtype: Dtype::F32,
            filter: Filter::None,
            subjects: None,
        }
    }
}

impl CollectSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(
            1,
            &[("batch_size", self.batch_size), ("max_new_tokens", self.max_new_tokens.unwrap_or(1))],
        )?;
        at_most(10_000, &[("batch_size", self.batch_size)])?;
        not_negative(&[("temperature", self.temperature)])?;
        positive(&[("repetition_penalty", self.repetition_penalty), ("top_p", self.top_p)])?;
        if self.top_p > 1.0 {
            return refuse("top_p", format!("must be at most 1, but is {}", self.top_p));
        }
        Ok(())
    }
}

/// Settings under `talk.adapter`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdapterSettings {
    pub heads: i64,
    /// The probability of dropping an attention weight in training.
    pub dropout: f64,
    /// The initial scale of the adapter's outputs; null makes them as large as the receiver's
    /// embeddings. The paper's is 0.1.
    pub output_scale: Option<f64>,
}

impl Default for AdapterSettings {
    fn default() -> Self {
        Self { heads: 8, dropout: 0.1, output_scale: None }
    }
}

impl AdapterSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        if self.heads < 1 {
            return refuse("heads", format!("must be 1 or more, but is {}", self.heads));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("dropout", format!("must be from 0 to below 1, but is {}", self.dropout));
        }
        positive(&[("output_scale", self.output_scale.unwrap_or(1.0))])
    }
}

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
    /// Latents alone.
    None,
}

/// What becomes of a conversation without a collected message.
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
    pub switch: Switch,
    pub channel: ActorChannel,
    pub train: Trained,
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
    /// The most rows of a message.
    pub max_message: usize,
    /// What becomes of conversations without a collected message.
    pub missing: Missing,
    /// The share of collected messages that are held out.
    pub eval_ratio: f64,
}

impl Default for ActorSettings {
    fn default() -> Self {
        Self {
            switch: Switch::Fixed,
            channel: ActorChannel::Latent,
            train: Trained::Full,
            steps: 150,
            batch_size: 32,
            lr: 3e-4,
            adapter_lr_factor: 3.0,
            warmup: 0.03,
            clip: 3.0,
            mixture: MixtureMode::LatentFirst,
            p_full: 0.3,
            weights: None,
            max_message: 800,
            missing: Missing::Error,
            eval_ratio: 0.05,
        }
    }
}

impl ActorSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("steps", self.steps), ("max_message", self.max_message)])?;
        at_most(MOST, &[("steps", self.steps)])?;
        at_least(2, &[("batch_size", self.batch_size)])?;
        positive(&[("lr", self.lr), ("clip", self.clip), ("adapter_lr_factor", self.adapter_lr_factor)])?;
        let shares = [("p_full", self.p_full), ("eval_ratio", self.eval_ratio), ("warmup", self.warmup)];
        if let Some((key, value)) = shares.iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return refuse(key, format!("must be from 0 to 1, but is {value}"));
        }
        match &self.weights {
            Some(weights) if weights.len() != 2 || weights.iter().any(|w| !w.is_finite() || *w < 0.0) => {
                refuse("weights", "must be null, or two numbers that are 0 or more")
            }
            _ => Ok(()),
        }
    }
}

/// Settings under `talk.compress`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompressSettings {
    /// The numbers of latents; each has a student of its own.
    pub k: Vec<usize>,
    pub steps: usize,
    pub batch_size: usize,
    pub lr: f64,
    /// The weights of cross-entropy, agreement and direction.
    pub coefficients: Vec<f64>,
    /// The temperature at which distributions are compared.
    pub temperature: f64,
    /// The quantile at which the weights of positions are capped.
    pub quantile: f64,
}

impl Default for CompressSettings {
    fn default() -> Self {
        Self {
            k: vec![8],
            steps: 400,
            batch_size: 32,
            lr: 1e-3,
            coefficients: vec![1.0, 0.1, 0.1],
            temperature: 4.0,
            quantile: 0.95,
        }
    }
}

impl CompressSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.k
            .iter()
            .try_for_each(|k| at_least(1, &[("k", *k)]).and_then(|()| at_most(4096, &[("k", *k)])))?;
        at_least(1, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        at_most(MOST, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        positive(&[("lr", self.lr), ("temperature", self.temperature)])?;
        if self.coefficients.len() != 3 || self.coefficients.iter().any(|c| !c.is_finite() || *c < 0.0) {
            return refuse("coefficients", "must be three numbers that are 0 or more");
        }
        if !(0.0..=1.0).contains(&self.quantile) {
            return refuse("quantile", format!("must be from 0 to 1, but is {}", self.quantile));
        }
        Ok(())
    }
}
