//! The settings of a world.

use anyhow::Result;
use serde::{Serialize, de::DeserializeOwned};
use tch::Device;

use super::{InputSetting, Job, RunKeys, Work};
use crate::runs::Inputs;
use crate::settings::check::InvalidSetting;

/// The keys of a world, apart from the keys of every run.
///
/// The first key is `model_type`, which all worlds have.
pub trait World: Clone + PartialEq + Serialize + DeserializeOwned + Default {
    /// The name of the world in messages: `the moving dots`.
    const NAME: &'static str;
    /// The values of `model_type` that belong to the world.
    const MODELS: &'static [&'static str];

    /// The value of `model_type`.
    fn model(&self) -> &'static str;

    /// Refuses values that no run can be made with.
    ///
    /// # Errors
    /// The dotted key and what is allowed there.
    fn check(&self, run: &RunKeys) -> Result<(), InvalidSetting>;

    /// True if the value of a dotted key can change a result of a run with these settings.
    fn affects_results(&self, _key: &str) -> bool {
        true
    }

    /// The settings that name other runs and have a value.
    fn inputs(&self, _run: &RunKeys) -> Vec<InputSetting<(Self, RunKeys)>> {
        vec![]
    }

    /// The job that does `work` with these settings and inputs.
    ///
    /// # Errors
    /// Names the setting that cannot be met here, such as a data set that is missing.
    fn job(&self, work: Work, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Box<dyn Job>>;

    /// True if runs learn by gradient descent: they log a loss and a learning rate.
    fn descends(&self) -> bool {
        true
    }

    /// The names under which a run may log numbers, with a `*` for each part that depends on the
    /// settings. `score` is every run's; `loss` and `lr` are those of runs by gradient descent.
    fn metric_names(&self) -> Vec<&'static str>;
}
