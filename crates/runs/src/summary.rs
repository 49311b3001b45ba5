//! What a run folder tells at a glance.

pub(crate) mod logged;

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Goal, Record, ScoreCard, State, Status, is_running};
use umwelt_settings as settings;

/// Where a run stands, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    Running,
    Interrupted,
    Failed,
    Finished,
    /// Ended early by its sweep.
    Stopped,
    /// Says that it is running, but its process is gone.
    Lost,
    /// Its files cannot be read.
    Damaged,
}

/// A run, as far as a list of runs needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The folder as it was asked for; in a registry, relative to its root.
    pub name: String,
    pub state: RunState,
    /// Training steps taken, and how many there will be.
    pub step: u64,
    pub steps: u64,
    pub phase: String,
    /// Why the run failed or stopped, or what is damaged.
    pub message: Option<String>,
    pub training_seconds: f64,
    pub evaluating_seconds: f64,
    /// Unix seconds of the last sign of life.
    pub heartbeat: Option<f64>,
    /// Unix seconds of the newest start.
    pub started_at: Option<f64>,
    /// Dotted keys.
    pub settings: Record,
    /// The numbers of the newest evaluation by name.
    pub scores: Record,
    /// The scores that the run is about, the most important first.
    #[serde(default)]
    pub headline: Vec<Headline>,
}

/// A score that a run is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    pub name: String,
    pub goal: Goal,
}

impl RunSummary {
    /// Whether `folder` holds a run.
    pub fn is_run(folder: &Path) -> bool {
        folder.join("settings.yaml").is_file() || folder.join("status.json").is_file()
    }

    /// Reads a run folder; `None` where there is no run. Files that cannot be read make a damaged run.
    pub fn read(folder: &Path) -> Option<Self> {
        Self::is_run(folder).then(|| {
            let mut summary = Self::as_written(folder);
            summary.check_life(folder);
            summary
        })
    }

    /// What the files of a run say, believing one that says it is running.
    pub fn as_written(folder: &Path) -> Self {
        let name = folder.display().to_string();
        Self::parse(folder, &name).unwrap_or_else(|damage| Self::damaged(name, format!("{damage:#}")))
    }

    fn parse(folder: &Path, name: &str) -> Result<Self> {
        let settings = settings::flat(&folder.join("settings.yaml"))?;
        let status = status(folder)?;
        let said = status.as_ref().map(|status| status.scores.clone()).filter(|scores| !scores.is_empty());
        let scores = said.map_or_else(|| logged::scores(&folder.join("metrics.jsonl")), Ok)?;
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

    fn damaged(name: String, why: String) -> Self {
        Self {
            name,
            state: RunState::Damaged,
            step: 0,
            steps: 0,
            phase: String::new(),
            message: Some(why),
            training_seconds: 0.0,
            evaluating_seconds: 0.0,
            heartbeat: None,
            started_at: None,
            settings: Record::new(),
            scores: Record::new(),
            headline: vec![],
        }
    }

    /// Calls a run lost that says it is running while no process holds its lock.
    pub fn check_life(&mut self, folder: &Path) {
        if self.state == RunState::Running && !is_running(folder) {
            self.state = RunState::Lost;
        }
    }

    /// A number that the newest evaluation found.
    pub fn score(&self, name: &str) -> Option<f64> {
        self.scores.get(name).and_then(Value::as_f64)
    }
}

/// `status.json`, which a run writes a moment after its settings.
fn status(folder: &Path) -> Result<Option<Status>> {
    let path = folder.join("status.json");
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display())),
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
    }
}

/// The headline of the run's score card, once it was evaluated.
fn headline(folder: &Path) -> Vec<Headline> {
    let card = ScoreCard::read(folder).unwrap_or_default();
    card.headlines().map(|score| Headline { name: score.name.clone(), goal: score.goal }).collect()
}

fn started_at(folder: &Path) -> Option<f64> {
    let text = fs::read(folder.join("environment.json")).ok()?;
    serde_json::from_slice::<Record>(&text).ok()?.get("started_at")?.as_f64()
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
