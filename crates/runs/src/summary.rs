//! Summaries of run folders, for lists of runs.

pub(crate) mod logged;

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Goal, Record, Score, ScoreCard, State, Status, is_running, read_json};
use umwelt_settings as settings;

/// The state of a run as other processes see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    Running,
    Interrupted,
    Failed,
    Finished,
    /// Stopped early by its sweep.
    Stopped,
    /// Running according to its status, but without a process.
    Lost,
    /// Unreadable because of damaged files.
    Damaged,
}

/// The part of a run that lists of runs need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The path of the folder; in a registry, its name below the root.
    pub name: String,
    pub state: RunState,
    /// The training steps taken.
    pub step: u64,
    /// The training steps of the whole run.
    pub steps: u64,
    pub phase: String,
    /// The reason for a failure or stop, or the damage.
    pub message: Option<String>,
    pub training_seconds: f64,
    pub evaluating_seconds: f64,
    /// The time of the last heartbeat, in Unix seconds.
    pub heartbeat: Option<f64>,
    /// The time of the newest start, in Unix seconds.
    pub started_at: Option<f64>,
    /// The settings by dotted key.
    pub settings: Record,
    /// The scores of the newest evaluation by name.
    pub scores: Record,
    /// The headline scores of the run's score card, the most important first.
    #[serde(default)]
    pub headline: Vec<Headline>,
}

/// A headline score of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    pub name: String,
    pub goal: Goal,
    /// The unit, such as `px`; empty for a number without one.
    #[serde(default)]
    pub unit: String,
}

impl RunSummary {
    /// True if `folder` holds a run.
    pub fn is_run(folder: &Path) -> bool {
        folder.join("settings.yaml").is_file() || folder.join("status.json").is_file()
    }

    /// The summary of the run in `folder`; `None` if it holds no run. Unreadable files make a
    /// damaged run.
    pub fn read(folder: &Path) -> Option<Self> {
        Self::is_run(folder).then(|| {
            let mut summary = Self::as_written(folder);
            summary.check_process(folder);
            summary
        })
    }

    /// The summary by the files of a run, without a check for its process.
    pub fn as_written(folder: &Path) -> Self {
        let name = folder.display().to_string();
        Self::parse(folder, &name).unwrap_or_else(|damage| Self::damaged(name, format!("{damage:#}")))
    }

    fn parse(folder: &Path, name: &str) -> Result<Self> {
        let settings = settings::flat(&folder.join("settings.yaml"))?;
        let status = status(folder)?;
        let written = status.as_ref().map(|status| status.scores.clone()).filter(|scores| !scores.is_empty());
        let scores = written.map_or_else(|| logged::scores(&folder.join("metrics.jsonl")), Ok)?;
        let heartbeat = status.as_ref().map(|status| status.heartbeat);
        let status = status.unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            state: status.state.into(),
            step: status.step,
            steps: status.steps,
            phase: status.phase,
            message: status.message,
            training_seconds: status.training_seconds,
            evaluating_seconds: status.evaluating_seconds,
            heartbeat,
            started_at: started_at(folder),
            settings,
            scores: scores.into_iter().filter(|(_, score)| score.is_number()).collect(),
            headline: headline(folder),
        })
    }

    fn damaged(name: String, damage: String) -> Self {
        Self {
            name,
            state: RunState::Damaged,
            step: 0,
            steps: 0,
            phase: String::new(),
            message: Some(damage),
            training_seconds: 0.0,
            evaluating_seconds: 0.0,
            heartbeat: None,
            started_at: None,
            settings: Record::new(),
            scores: Record::new(),
            headline: vec![],
        }
    }

    /// Marks a running run as lost if no process holds its lock.
    pub fn check_process(&mut self, folder: &Path) {
        if self.state == RunState::Running && !is_running(folder) {
            self.state = RunState::Lost;
        }
    }

    /// The name of the run's folder: the last part of its name.
    pub fn folder_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// A score of the newest evaluation.
    pub fn score(&self, name: &str) -> Option<f64> {
        self.scores.get(name).and_then(Value::as_f64)
    }
}

/// The content of `status.json`; `None` before the run has written it.
fn status(folder: &Path) -> Result<Option<Status>> {
    let path = folder.join("status.json");
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display())),
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
    }
}

/// The headline scores of the run's score card; empty before the first evaluation.
fn headline(folder: &Path) -> Vec<Headline> {
    let card = ScoreCard::read(folder).unwrap_or_default();
    let headline =
        |score: &Score| Headline { name: score.name.clone(), goal: score.goal, unit: score.unit.clone() };
    card.headlines().map(headline).collect()
}

fn started_at(folder: &Path) -> Option<f64> {
    read_json(&folder.join("environment.json")).get("started_at")?.as_f64()
}

impl From<State> for RunState {
    fn from(state: State) -> Self {
        match state {
            State::Running => Self::Running,
            State::Interrupted => Self::Interrupted,
            State::Failed => Self::Failed,
            State::Finished => Self::Finished,
            State::Stopped => Self::Stopped,
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
            Self::Damaged => "damaged",
        })
    }
}
