//! The keys of a sweep file that serde reads as they are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::early_stopping::{EarlyFields, HyperbandFields};
use super::metric::{Metric, MetricFields};
use umwelt_settings::{Node, SettingsError, from_tree};

/// The sampler of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every point.
    Grid,
    /// Independent draws from the prior.
    Random,
    /// Sobol's sequence.
    Sobol,
    /// A tree-structured Parzen estimator, which learns from finished runs.
    #[serde(alias = "bayes")]
    Tpe,
}

/// The layout of the sweep's report; the report fills in the rest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportOptions {
    /// The key on the horizontal axis.
    pub x: Option<String>,
    /// The key with one line for each value.
    pub line: Option<String>,
    /// The key with one panel for each value.
    pub panel: Option<String>,
    /// The scores on the vertical axes. In `parts.*.noise_r2` the `*` stands for any one word, and
    /// the words are the values of a key `parts`.
    pub metrics: Vec<String>,
    /// The runs to show, as `KEY=VALUE` of varied keys; all if there are none.
    pub only: Vec<String>,
    /// The value of `line` that the others are compared with: the factor by which they need less of
    /// `x` for the same score.
    pub reference: Option<String>,
    /// Draws all scores on logarithmic axes.
    pub log_y: bool,
}

/// The plain keys as written in the file.
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
    pub report: ReportOptions,
}

impl Plain {
    pub(super) fn read(node: &Node, known: &[String]) -> Result<Self, SettingsError> {
        from_tree(node).map_err(|error| error.suggesting(known))
    }

    pub(super) fn metric(&self) -> Metric {
        self.metric.as_ref().map_or_else(Metric::default, MetricFields::metric)
    }
}
