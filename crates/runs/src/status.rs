//! `status.json`: what a run is doing, for people and schedulers that look from outside.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::metrics::Record;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Running,
    Interrupted,
    Failed,
    Finished,
    /// A sweep's early stopping ended it.
    Stopped,
}

impl State {
    /// Whether there is nothing left to do.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Stopped)
    }
}

/// The content of `status.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    pub state: State,
    /// Training steps taken, and how many there will be.
    pub step: u64,
    pub steps: u64,
    /// What is being done: `training`, `scoring`, ...
    pub phase: String,
    /// How many parts of the phase are done, and how many it has.
    #[serde(default)]
    pub phase_done: u64,
    #[serde(default)]
    pub phase_steps: u64,
    /// Seconds of wall clock spent in training and evaluating, over all starts of the run.
    pub training_seconds: f64,
    pub evaluating_seconds: f64,
    pub sequences_per_second: Option<f64>,
    /// Seconds of training that are left.
    #[serde(default)]
    pub left_seconds: Option<f64>,
    /// What the last evaluation found, by name.
    #[serde(default)]
    pub scores: Record,
    /// Why a run failed or stopped.
    pub message: Option<String>,
    pub pid: u32,
    /// Unix seconds of the last sign of life.
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
