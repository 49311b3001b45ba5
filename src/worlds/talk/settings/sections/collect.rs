//! The stage `collect`.

use serde::{Deserialize, Serialize};
use umwelt_messages::Dtype;

use crate::settings::check::{InvalidSetting, at_least, at_most, not_negative, positive, refuse};

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
    /// A message ends with the hidden state that predicts the end of the plan.
    pub keep_eos: bool,
    pub filter: Filter,
    /// The number of the sender, among talk.senders, whose plans are collected.
    pub sender: usize,
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
            keep_eos: false,
            filter: Filter::None,
            sender: 0,
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
