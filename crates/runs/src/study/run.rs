//! The runs of a study.

use std::collections::BTreeMap;

use crate::ScoreCard;

/// The names of the outcomes, in the order in which they are counted.
pub const STATES: [&str; 6] = ["finished", "stopped early", "running", "waiting", "interrupted", "failed"];

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyRun {
    pub name: String,
    pub outcome: Outcome,
    /// The keys that the sweep varies, with their values, in the sweep's order, without the seed.
    pub varied: Vec<(String, String)>,
    /// The seed, if the sweep varies it.
    pub seed: Option<String>,
    /// All scores by name.
    pub scores: BTreeMap<String, f64>,
    /// The run's score card; empty for runs of versions that wrote none.
    pub card: ScoreCard,
    /// True if the run is listed before, with other scores.
    pub repeats: bool,
}

/// The varied values of a run without its seed, and the seed.
pub fn split_seed(varied: &[(String, String)]) -> (Vec<(String, String)>, Option<String>) {
    let (seed, varied) = varied.iter().cloned().partition::<Vec<_>, _>(|(key, _)| key == "seed");
    (varied, seed.into_iter().next().map(|(_, seed)| seed))
}

/// The outcome of a run. Only the scores of finished runs count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Finished,
    /// Stopped early by the sweep, for this reason.
    Stopped(String),
    /// Running, with this progress.
    Running(String),
    Waiting,
    Interrupted,
    /// Failed, for this reason.
    Failed(String),
}

impl Outcome {
    /// The outcome in a word or two.
    pub fn state(&self) -> &'static str {
        match self {
            Self::Finished => STATES[0],
            Self::Stopped(_) => STATES[1],
            Self::Running(_) => STATES[2],
            Self::Waiting => STATES[3],
            Self::Interrupted => STATES[4],
            Self::Failed(_) => STATES[5],
        }
    }

    /// The reason or the progress; empty if there is none.
    pub fn detail(&self) -> &str {
        match self {
            Self::Stopped(detail) | Self::Running(detail) | Self::Failed(detail) => detail,
            Self::Finished | Self::Waiting | Self::Interrupted => "",
        }
    }
}
