//! `status.json`: the state of a run, for people and schedulers.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::metrics::Record;

/// The state of a run as the run writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Running,
    Interrupted,
    Failed,
    Finished,
    /// Ended by the early stopping of its sweep.
    Stopped,
}

impl State {
    /// True if the run has no work left.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Stopped)
    }
}

/// The content of `status.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    pub state: State,
    /// The training steps taken.
    pub step: u64,
    /// The training steps of the whole run.
    pub steps: u64,
    /// The present activity: `training`, `scoring`, ...
    pub phase: String,
    /// The finished parts of the phase.
    #[serde(default)]
    pub phase_done: u64,
    /// The parts of the whole phase.
    #[serde(default)]
    pub phase_steps: u64,
    /// The wall-clock seconds of training, over all starts of the run.
    pub training_seconds: f64,
    /// The wall-clock seconds of evaluation, over all starts of the run.
    pub evaluating_seconds: f64,
    pub sequences_per_second: Option<f64>,
    /// The estimated seconds of training that are left.
    #[serde(default)]
    pub left_seconds: Option<f64>,
    /// The scores of the last evaluation by name.
    #[serde(default)]
    pub scores: Record,
    /// The reason for a failure or stop.
    pub message: Option<String>,
    pub pid: u32,
    /// The time of the last heartbeat, in Unix seconds.
    pub heartbeat: f64,
}

impl Status {
    /// The status of the run in `folder`, if there is a readable one.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join("status.json")).ok()?).ok()
    }

    pub fn new() -> Self {
        Self {
            state: State::Running,
            step: 0,
            steps: 0,
            phase: "starting".into(),
            phase_done: 0,
            phase_steps: 0,
            training_seconds: 0.0,
            evaluating_seconds: 0.0,
            sequences_per_second: None,
            left_seconds: None,
            scores: Record::new(),
            message: None,
            pid: std::process::id(),
            heartbeat: unix_seconds(),
        }
    }
}

impl Default for Status {
    fn default() -> Self {
        Self::new()
    }
}

/// Seconds since 1970.
pub fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}
