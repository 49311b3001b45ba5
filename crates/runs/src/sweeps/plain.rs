//! The keys of a sweep file that need no reading of their own.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::early_stopping::{EarlyFields, HyperbandFields};
use crate::{Goal, SCORE};
use umwelt_settings::{Node, SettingsError, from_tree};

/// What a sweep is about: one number of each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its dotted name among a run's results.
    pub name: String,
    /// Which values are good.
    pub goal: Goal,
}

/// How points are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// All of them.
    Grid,
    /// By chance.
    Random,
    /// By Sobol's sequence.
    Sobol,
    /// By a tree-structured Parzen estimator, which learns from what has ended.
    #[serde(alias = "bayes")]
    Tpe,
}

/// How the sweep's report is to be laid out; what is not said is chosen by the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportWishes {
    /// What the horizontal axis shows.
    pub x: Option<String>,
    /// What has a line of its own.
    pub line: Option<String>,
    /// What has a panel of its own.
    pub panel: Option<String>,
    /// What the vertical axes show.
    pub metrics: Vec<String>,
}

/// The plain keys as they stand in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Plain {
    pub name: Option<String>,
    pub description: Option<String>,
    pub output_path: Option<PathBuf>,
    pub method: Option<Method>,
    pub metric: Option<MetricFields>,
    pub budget: Option<usize>,
    pub run_cap: Option<usize>,
    pub sampler_seed: u64,
    pub early_stopping: Option<EarlyFields>,
    pub early_terminate: Option<HyperbandFields>,
    pub retries: usize,
    pub report: ReportWishes,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricFields {
    pub name: String,
    #[serde(default)]
    pub goal: Goal,
    #[serde(default, rename = "target")]
    pub _target: Option<f64>,
}

impl Plain {
    pub(super) fn read(node: &Node, known: &[String]) -> Result<Self, SettingsError> {
        from_tree(node).map_err(|error| error.suggesting(known))
    }

    pub(super) fn metric(&self) -> Metric {
        match &self.metric {
            Some(metric) => Metric { name: metric.name.clone(), goal: metric.goal },
            None => Metric { name: SCORE.into(), goal: Goal::Minimize },
        }
    }
}
