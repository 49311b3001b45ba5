//! A sweep's runs as a table and a figure: means over seeds, beside their floors, and all that is missing.

mod csv;
#[cfg(test)]
mod examples;
mod figure;
mod floor_rows;
mod floors;
mod grid;
mod keys;
mod levels;
mod lines;
mod notes;
mod points;
mod roles;
mod scatter;
mod states;
mod table;
mod text;
mod wishes;
mod words;

use std::collections::BTreeMap;

use keys::Key;
use points::Point;
use roles::Roles;

pub use wishes::{WishError, Wishes};

use crate::Goal;

/// One run of a sweep, as its folder tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyRun {
    pub name: String,
    pub outcome: Outcome,
    /// The keys that the sweep varies with their values, in the sweep's order, without the seed.
    pub varied: Vec<(String, String)>,
    /// `None` if the sweep does not vary it.
    pub seed: Option<String>,
    pub scores: BTreeMap<String, f64>,
    /// What can be had without learning, of the first metric and in its unit.
    pub floors: Vec<(String, f64)>,
}

/// What became of a run. Only the scores of finished runs count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Finished,
    /// Early, by the sweep, for this reason.
    Stopped(String),
    /// How far it is.
    Running(String),
    Waiting,
    Interrupted,
    /// For this reason.
    Failed(String),
}

/// The runs of a sweep, and how they are to be shown.
#[derive(Clone, Debug)]
pub struct Study {
    title: String,
    runs: Vec<StudyRun>,
    metrics: Vec<String>,
    goal: Goal,
    log: Vec<String>,
    own_heights: bool,
    keys: Vec<Key>,
    points: Vec<Point>,
    roles: Roles,
}

impl Study {
    /// Decides what goes where.
    ///
    /// Errors if a wish names a key that no run varies or a score that no run has, or one key twice.
    pub fn new(title: impl Into<String>, runs: Vec<StudyRun>, wishes: Wishes) -> Result<Self, WishError> {
        let keys = keys::of(&runs);
        let mut points = points::of(&runs, &keys);
        let metrics = wishes::metrics(&wishes, &runs)?;
        let roles = roles::choose(&keys, &points, &wishes)?;
        let order = roles.order(&keys);
        points.sort_by_key(|point| order.iter().map(|&key| point.ranks[key]).collect::<Vec<_>>());
        let Wishes { goal, log, own_heights, .. } = wishes;
        Ok(Self { title: title.into(), runs, metrics, goal, log, own_heights, keys, points, roles })
    }

    /// The name of the metric whose best is sought and whose floors the runs know.
    fn first_metric(&self) -> &str {
        self.metrics.first().map_or("score", String::as_str)
    }

    /// A point's value of a key, as the sweep wrote it.
    fn value(&self, point: &Point, key: usize) -> &str {
        &self.keys[key].values[point.ranks[key]]
    }
}
