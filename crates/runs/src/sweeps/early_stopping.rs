//! The early-stopping rule of a sweep, in our keys or in W&B's.

use serde::{Deserialize, Serialize};

use super::{asha::Asha, metric::Metric, reading::wrong};
use crate::Goal;
use umwelt_settings::{Origin, SettingsError};

/// The early-stopping rule of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    /// The number that runs are compared by.
    pub metric: Metric,
    /// The epochs of the comparisons, and the share of runs that continue.
    pub rule: Asha,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EarlyFields {
    pub metric: Option<String>,
    pub goal: Option<Goal>,
    #[serde(default = "one")]
    pub min_epochs: f64,
    #[serde(default = "three")]
    pub eta: f64,
}

/// The section `early_terminate` of W&B's sweep files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HyperbandFields {
    #[serde(rename = "type")]
    pub _kind: Hyperband,
    pub min_iter: Option<f64>,
    pub max_iter: Option<f64>,
    #[serde(default = "one")]
    pub s: f64,
    #[serde(default = "three")]
    pub eta: f64,
    #[serde(default, rename = "strict")]
    pub _strict: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Hyperband {
    Hyperband,
}

fn one() -> f64 {
    1.0
}

fn three() -> f64 {
    3.0
}

impl EarlyFields {
    pub(super) fn resolve(&self, sweeps: &Metric) -> EarlyStopping {
        let name = self.metric.clone().unwrap_or_else(|| sweeps.name.clone());
        let usual = if name == sweeps.name { sweeps.goal } else { Goal::Minimize };
        let goal = self.goal.unwrap_or(usual);
        let rule = Asha { min_epochs: self.min_epochs, eta: self.eta, goal };
        EarlyStopping { metric: Metric { name, goal }, rule }
    }
}

impl HyperbandFields {
    /// The rule with W&B's first bracket: at `min_iter`, else at `max_iter / eta^s` epochs.
    pub(super) fn resolve(&self, sweeps: &Metric) -> EarlyStopping {
        let from_largest = self.max_iter.map_or(1.0, |largest| largest / self.eta.powf(self.s));
        let min_epochs = self.min_iter.unwrap_or(from_largest);
        EarlyStopping { metric: sweeps.clone(), rule: Asha { min_epochs, eta: self.eta, goal: sweeps.goal } }
    }
}

impl EarlyStopping {
    pub(super) fn check(self, section: &str, origin: &Origin) -> Result<Self, SettingsError> {
        let Asha { min_epochs, eta, .. } = self.rule;
        if min_epochs > 0.0 && min_epochs.is_finite() && eta > 1.0 && eta.is_finite() {
            return Ok(self);
        }
        let message = format!("needs epochs above 0 and eta above 1, but has {min_epochs} and {eta}");
        Err(wrong(origin, section, message))
    }
}
