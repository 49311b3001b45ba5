//! Where each run of a sweep stands, as its own folder says.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use super::folder::SweepFolder;
use super::{Outcome, Told, Trial};
use crate::runs::{State, Status, is_running, read_records};

/// A trial and what became of it.
pub struct Standing {
    pub trial: Trial,
    pub path: PathBuf,
    pub state: RunState,
    pub status: Option<Status>,
    /// The sweep's metric.
    pub score: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RunState {
    Waiting,
    Running,
    /// Stopped by a signal, or its process is gone: it goes on where it was.
    Interrupted,
    Failed(String),
    /// Ended by the sweep's early stopping.
    Stopped(String),
    Finished,
}

impl RunState {
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Finished | Self::Stopped(_))
    }
}

impl SweepFolder {
    /// Where all trials stand that were planned or asked for.
    pub fn standings(&self) -> Result<Vec<Standing>> {
        let failures = self.failures()?;
        let trials = self.trials()?.into_iter();
        Ok(trials
            .map(|trial| {
                let failure = failures.get(&trial.name());
                self.standing(trial, failure.map(|failure| failure.error.as_str()))
            })
            .collect())
    }

    fn standing(&self, trial: Trial, failure: Option<&str>) -> Standing {
        let path = self.run_path(&trial);
        let status = Status::read(&path);
        let state = state(&path, status.as_ref(), failure);
        let score = status.as_ref().and_then(|status| metric(&path, status, &self.file.metric.name));
        Standing { trial, path, state, status, score }
    }
}

impl Standing {
    /// What a sampler learns from it.
    pub fn told(&self) -> Told {
        let outcome = match (&self.state, self.score) {
            (RunState::Finished, Some(score)) if score.is_finite() => Outcome::Scored(score),
            (RunState::Stopped(_), Some(score)) => Outcome::Stopped(score),
            (RunState::Finished | RunState::Failed(_) | RunState::Stopped(_), _) => Outcome::Failed,
            _ => Outcome::Pending,
        };
        self.trial.told(outcome)
    }
}

fn state(path: &Path, status: Option<&Status>, failure: Option<&str>) -> RunState {
    if is_running(path) {
        return RunState::Running;
    }
    let message = |status: &Status| status.message.clone().unwrap_or_default();
    match (status.map(|status| (status.state, status)), failure) {
        (Some((State::Finished, _)), _) => RunState::Finished,
        (Some((State::Stopped, status)), _) => RunState::Stopped(message(status)),
        (Some((State::Failed, status)), _) => RunState::Failed(message(status)),
        (_, Some(failure)) => RunState::Failed(failure.to_owned()),
        (Some(_), None) => RunState::Interrupted,
        (None, None) => RunState::Waiting,
    }
}

/// The last value of a metric: of the last evaluation, else of the last line that has it.
fn metric(path: &Path, status: &Status, name: &str) -> Option<f64> {
    if let Some(score) = status.scores.get(name) {
        return score.as_f64();
    }
    let records = read_records(&path.join("metrics.jsonl")).ok()?;
    records.iter().rev().find_map(|record| record.get(name)).and_then(Value::as_f64)
}
