//! The number of each run that a sweep optimises.

use serde::{Deserialize, Serialize};

use crate::{Goal, SCORE};

/// One number of each run, and the values of it that are good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The dotted name among a run's results.
    pub name: String,
    /// The direction of better values.
    pub goal: Goal,
}

impl Default for Metric {
    fn default() -> Self {
        Self { name: SCORE.into(), goal: Goal::Minimize }
    }
}

/// The section `metric` of a sweep file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricFields {
    name: String,
    #[serde(default)]
    goal: Goal,
    #[serde(default, rename = "target")]
    _target: Option<f64>,
}

impl MetricFields {
    pub fn metric(&self) -> Metric {
        Metric { name: self.name.clone(), goal: self.goal }
    }
}
