//! The settings of the talking agents.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Device;

use super::CollaborationTask;
use super::models::ComoSettings;
use crate::settings::check::{InvalidSetting, at_least, within};
use crate::training::{Job, RunKeys, Training, World};

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
    /// Agents that talk to draw the parts of a digit that they do not see.
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

    fn job(&self, run: &RunKeys, device: Device) -> Result<Box<dyn Job>> {
        Ok(Box::new(Training::new(CollaborationTask::new(self, run, device)?, run)))
    }

    fn metric_names(&self) -> Vec<&'static str> {
        METRICS.to_vec()
    }
}

const METRICS: &[&str] =
    &["mse", "accuracy", "bits_per_image", "agent*.mse", "*.mse", "drawing", "silent", "autoencoder"];
