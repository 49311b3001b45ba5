//! The plan of a sweep, which its folder keeps for those who read it without the sweep file.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::asked_in;
use super::{Metric, ReportOptions, SweepFile, Trial};
use umwelt_base::atomic;

/// The file of the plan in the sweep's folder.
const PLAN: &str = "sweep.json";

/// What a sweep varies, and how it is reported.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SweepPlan {
    /// The number that the sweep optimises.
    pub metric: Metric,
    pub report: ReportOptions,
    /// The parameters that the sweep draws on a logarithmic scale.
    pub log: Vec<String>,
    /// The runs in the order of their trials.
    pub runs: Vec<PlannedRun>,
}

/// A run of a sweep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlannedRun {
    /// The name of its folder.
    pub name: String,
    /// As [`Trial::varied`].
    pub varied: Vec<(String, String)>,
}

impl From<Trial> for PlannedRun {
    fn from(Trial { name, varied, .. }: Trial) -> Self {
        Self { name, varied }
    }
}

impl SweepPlan {
    /// The plan of the sweep `file` with the runs of `trials`.
    pub fn of(file: &SweepFile, trials: Vec<Trial>) -> Self {
        Self {
            metric: file.metric.clone(),
            report: file.report.clone(),
            log: file.logarithmic(),
            runs: trials.into_iter().map(PlannedRun::from).collect(),
        }
    }

    /// The plan of the sweep in `folder`, with the trials that an adaptive sweep has asked for since.
    /// `None` for a folder without a plan that this version can read, such as one of an earlier
    /// version.
    pub fn read(folder: &Path) -> Option<Self> {
        let mut plan: Self = serde_json::from_slice(&std::fs::read(folder.join(PLAN)).ok()?).ok()?;
        let known: HashSet<String> = plan.runs.iter().map(|run| run.name.clone()).collect();
        let asked = asked_in(folder).unwrap_or_default().into_iter().map(PlannedRun::from);
        plan.runs.extend(asked.filter(|asked| !known.contains(&asked.name)));
        Some(plan)
    }

    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn write(&self, folder: &Path) -> std::io::Result<()> {
        atomic::replace(&folder.join(PLAN), &serde_json::to_vec_pretty(self)?)
    }

    /// The names of what varies, in the order of the runs.
    pub fn varied(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in self.runs.iter().flat_map(|run| &run.varied) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}
