//! Settings of the texts around tasks.

use serde::{Deserialize, Serialize};
use umwelt_language::Marker;

use crate::settings::check::{InvalidSetting, at_least};

/// The form of conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Template {
    /// The one whose tokens the tokenizer has.
    #[default]
    Auto,
    ChatMl,
    Llama3,
    /// The checkpoint's own.
    Jinja,
}

/// The positions that a receiver is trained to predict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// Text and end of the assistant's turns.
    #[default]
    Assistant,
    /// Also the frame of all turns in ChatML, as the public code has it.
    Repo,
}

/// Settings under `talk.text`. Texts that are null are the task's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextSettings {
    pub template: Template,
    /// The system turn; empty for none. Null has none in built-in tasks, and the template's in
    /// real ones.
    pub system: Option<String>,
    /// The sentence that tells the receiver that a plan follows.
    pub bridge: Option<String>,
    /// The sentence that asks the sender for a plan.
    pub plan_request: Option<String>,
    /// What becomes of the place of a message in the texts of a receiver's training, once the
    /// message stands before it: it is dropped, or it stays as a position that nothing reads.
    pub marker: Marker,
    pub labels: Labels,
    /// The two lines of dates of Llama 3.1's template.
    pub dates: bool,
    /// The most positions of a text before its message comes in.
    pub max_len: usize,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            template: Template::Auto,
            system: None,
            bridge: None,
            plan_request: None,
            marker: Marker::Drop,
            labels: Labels::Assistant,
            dates: true,
            max_len: 4096,
        }
    }
}

impl TextSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(8, &[("max_len", self.max_len)])
    }
}
