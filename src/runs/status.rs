//! `status.json`: what a run is doing, for people and schedulers that look from outside.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Running,
    Interrupted,
    Failed,
    Finished,
}

/// The content of `status.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    pub state: State,
    /// Training steps taken, and how many there will be.
    pub step: u64,
    pub steps: u64,
    /// `training` or `evaluating`.
    pub phase: String,
    /// Seconds of wall clock spent in training and evaluating, over all starts of the run.
    pub training_seconds: f64,
    pub evaluating_seconds: f64,
    pub sequences_per_second: Option<f64>,
    /// Why a run failed or stopped.
    pub message: Option<String>,
    pub pid: u32,
    /// Unix seconds of the last sign of life.
    pub heartbeat: f64,
}

impl Status {
    pub fn new() -> Self {
        Self {
            state: State::Running,
            step: 0,
            steps: 0,
            phase: "starting".into(),
            training_seconds: 0.0,
            evaluating_seconds: 0.0,
            sequences_per_second: None,
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
