//! The settings of ALFWorld.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, at_least, at_most, refuse};

/// Settings under `talk.alfworld`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlfWorldSettings {
    /// The command line of a bridge: it reads and writes JSON lines, and plays one game at a time.
    pub bridge: Option<String>,
    /// The bridges that play at once, each a process of its own.
    pub bridges: usize,
    /// The seconds in which a bridge must answer.
    pub timeout: f64,
    /// The most actions of a game.
    pub max_steps: usize,
    /// The text that an action follows in its line.
    pub action_marker: String,
}

impl Default for AlfWorldSettings {
    fn default() -> Self {
        Self { bridge: None, bridges: 8, timeout: 60.0, max_steps: 20, action_marker: "Action:".into() }
    }
}

impl AlfWorldSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("bridges", self.bridges), ("max_steps", self.max_steps)])?;
        at_most(10_000, &[("bridges", self.bridges), ("max_steps", self.max_steps)])?;
        if !(self.timeout > 0.0 && self.timeout <= 86_400.0) {
            return refuse("timeout", format!("must be above 0 and at most 86400, but is {}", self.timeout));
        }
        if self.action_marker.trim().is_empty() {
            return refuse("action_marker", "must be a text, such as `Action:`");
        }
        match self.bridge.as_deref().map(shlex::split) {
            Some(None) => refuse("bridge", "has a quote that is not closed"),
            Some(Some(words)) if words.is_empty() => refuse("bridge", "must name a program"),
            _ => Ok(()),
        }
    }
}
