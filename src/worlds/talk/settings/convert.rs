//! Settings of the stage that makes conversations of collected plans.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, at_least, at_most};

/// Settings under `talk.convert`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConvertSettings {
    /// Leaves out plans that hold the boxed answer, which a receiver would only have to copy.
    pub drop_leaky: bool,
    /// Leaves out plans that were cut off at `talk.collect.max_new_tokens`.
    pub drop_truncated: bool,
    /// The fewest hidden states of a message.
    pub min_rows: usize,
}

impl Default for ConvertSettings {
    fn default() -> Self {
        Self { drop_leaky: true, drop_truncated: true, min_rows: 8 }
    }
}

impl ConvertSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("min_rows", self.min_rows)])?;
        at_most(1_000_000, &[("min_rows", self.min_rows)])
    }
}
