//! The settings of the talking agents.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Device;

use super::CollaborationTask;
use super::models::ComoSettings;
use crate::runs::Inputs;
use crate::settings::check::{InvalidSetting, at_least, within};
use crate::training::{InputSetting, Job, RunKeys, Stage, Work, World};

/// The setting that names the single agent which all agents start from.
pub const SINGLE_AGENT: &str = "como.single_agent_path";

/// The keys of the talking agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The model to train.
    pub model_type: ModelType,
    /// Images in a batch.
    pub dataset_batch_size: usize,
    /// Settings of `model_type: CoMo`.
    pub como: ComoSettings,
}

/// The models of this world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelType {
    /// Agents that exchange messages to reconstruct the parts of a digit that they do not see.
    #[default]
    CoMo,
}

impl Default for Settings {
    fn default() -> Self {
        let (model_type, como) = (ModelType::default(), ComoSettings::default());
        Self { model_type, dataset_batch_size: 128, como }
    }
}

impl World for Settings {
    const NAME: &'static str = "the talking agents";
    const MODELS: &'static [&'static str] = &["CoMo"];

    fn model(&self) -> &'static str {
        Self::MODELS[0]
    }

    fn check(&self, _run: &RunKeys) -> std::result::Result<(), InvalidSetting> {
        at_least(2, &[("dataset_batch_size", self.dataset_batch_size)])?;
        within("como", self.como.check())
    }

    fn inputs(&self, run: &RunKeys) -> Vec<InputSetting<(Self, RunKeys)>> {
        let single_agent = || {
            let settings = Self { como: self.como.of_single_agent(), ..self.clone() };
            Stage { name: "single_agent", settings: (settings, run.of_stage()) }
        };
        let input = |value| InputSetting {
            key: SINGLE_AGENT.into(),
            value,
            results: &[],
            stage: Some(single_agent()),
        };
        self.como.single_agent_path.clone().map(input).into_iter().collect()
    }

    fn job(&self, work: Work, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Box<dyn Job>> {
        work.on(CollaborationTask::new(self, run, device, inputs)?, inputs)
    }

    fn metric_names(&self) -> Vec<&'static str> {
        METRICS.to_vec()
    }
}

const METRICS: &[&str] =
    &["mse", "accuracy", "bits_per_image", "agent*.mse", "*.mse", "drawing", "silent", "autoencoder"];
