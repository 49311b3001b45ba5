//! The status of each trial, read from the folder of its run.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use super::folder::{Failure, SweepFolder};
use super::{Outcome, Trial, TrialResult};
use crate::{State, Status, is_running, read_records};

/// A trial with the state of its run.
pub struct TrialStatus {
    pub trial: Trial,
    pub path: PathBuf,
    pub state: TrialState,
    /// The status that the run wrote, if it has started.
    pub run_status: Option<Status>,
    /// The value of the sweep's metric.
    pub score: Option<f64>,
}

/// The state of a trial's run.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialState {
    Waiting,
    Running,
    /// Stopped by a signal or a crash; the next start resumes it.
    Interrupted,
    /// Failed with this error.
    Failed(String),
    /// Stopped early, for this reason.
    Stopped(String),
    Finished,
}

impl TrialState {
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Finished | Self::Stopped(_))
    }

    /// True for a trial that a scheduler has yet to start, resume or wait for.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running | Self::Interrupted)
    }
}

impl SweepFolder {
    /// The status of each of [`Self::trials`].
    ///
    /// # Errors
    /// As for [`Self::trials`].
    pub fn statuses(&self) -> Result<Vec<TrialStatus>> {
        let failures = self.failures()?;
        let status = |trial: Trial| {
            let failure = failures.get(&trial.name);
            self.status(trial, failure)
        };
        Ok(self.trials()?.into_iter().map(status).collect())
    }

    fn status(&self, trial: Trial, failure: Option<&Failure>) -> TrialStatus {
        let path = self.run_path(&trial);
        let run_status = Status::read(&path);
        let state = if is_running(&path) {
            TrialState::Running
        } else {
            state_without_process(run_status.as_ref(), failure)
        };
        let score = run_status.as_ref().and_then(|status| metric(&path, status, &self.file.metric.name));
        TrialStatus { trial, path, state, run_status, score }
    }
}

impl TrialStatus {
    /// The trial's result for the sampler.
    pub fn result(&self) -> TrialResult {
        let outcome = match (&self.state, self.score) {
            (TrialState::Finished, Some(score)) if score.is_finite() => Outcome::Scored(score),
            (TrialState::Stopped(_), Some(score)) => Outcome::Stopped(score),
            (TrialState::Finished | TrialState::Failed(_) | TrialState::Stopped(_), _) => Outcome::Failed,
            _ => Outcome::Pending,
        };
        self.trial.result(outcome)
    }
}

/// The state of a run without a process.
fn state_without_process(status: Option<&Status>, failure: Option<&Failure>) -> TrialState {
    // Progress since a failure outweighs the failure.
    let failure = failure.filter(|failure| status.is_none_or(|status| status.heartbeat < failure.at));
    let message = |status: &Status| status.message.clone().unwrap_or_default();
    match (status, failure) {
        (Some(status), _) if status.state == State::Finished => TrialState::Finished,
        (Some(status), _) if status.state == State::Stopped => TrialState::Stopped(message(status)),
        (Some(status), _) if status.state == State::Failed => TrialState::Failed(message(status)),
        (_, Some(failure)) => TrialState::Failed(failure.error.clone()),
        (Some(_), None) => TrialState::Interrupted,
        (None, None) => TrialState::Waiting,
    }
}

/// The last value of a metric, from the status or else from the run's log.
fn metric(path: &Path, status: &Status, name: &str) -> Option<f64> {
    if let Some(score) = status.scores.get(name) {
        return score.as_f64();
    }
    let records = read_records(&path.join("metrics.jsonl")).ok()?;
    records.iter().rev().find_map(|record| record.get(name)).and_then(Value::as_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: State, heartbeat: f64) -> Status {
        Status { state, heartbeat, message: Some("why".into()), ..Status::new() }
    }

    #[test]
    fn a_run_that_went_on_after_a_failure_has_not_failed() {
        let killed = Failure { run: "a".into(), at: 100.0, error: "killed by SIGKILL".into() };
        let state = |status: Option<Status>, failure| state_without_process(status.as_ref(), failure);
        assert_eq!(state(None, None), TrialState::Waiting);
        assert_eq!(state(None, Some(&killed)), TrialState::Failed("killed by SIGKILL".into()));
        let running = |heartbeat| Some(status(State::Running, heartbeat));
        assert_eq!(state(running(99.0), Some(&killed)), TrialState::Failed("killed by SIGKILL".into()));
        assert_eq!(state(running(101.0), Some(&killed)), TrialState::Interrupted);
        assert_eq!(state(running(99.0), None), TrialState::Interrupted);
        assert_eq!(state(Some(status(State::Finished, 99.0)), Some(&killed)), TrialState::Finished);
        assert_eq!(state(Some(status(State::Failed, 101.0)), None), TrialState::Failed("why".into()));
        assert_eq!(state(Some(status(State::Stopped, 101.0)), None), TrialState::Stopped("why".into()));
    }
}
