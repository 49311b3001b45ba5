//! The settings of the example.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Device;

use super::task::ExampleTask;
use crate::optim::{LrSchedule, OptimizerKind, Recipe};
use crate::runs::Inputs;
use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, finite, positive, within};
use crate::training::{AUTO, InputSetting, Job, RunKeys, Stage, Work, World};

/// The setting that names the run of `ExampleMean`.
pub const MEAN: &str = "example.mean_path";

/// The keys of the example.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The model to train.
    pub model_type: ModelType,
    /// Settings of both models.
    pub example: ExampleSettings,
}

/// The models of the example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelType {
    /// The mean of the numbers.
    #[default]
    ExampleMean,
    /// The variance of the numbers around a learned mean.
    ExampleVariance,
}

/// Settings under `example`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExampleSettings {
    /// The mean of the numbers.
    pub mean: f64,
    /// The standard deviation of the numbers.
    pub std: f64,
    /// Epochs of ten batches of 16 numbers, for the mean.
    pub epochs: usize,
    /// Epochs of ten batches of 16 numbers, for the variance.
    pub variance_epochs: usize,
    /// The learning rate for the variance.
    pub variance_lr: f64,
    /// A run folder or checkpoint of `ExampleMean`; `auto` makes the run.
    pub mean_path: String,
}

impl Default for ExampleSettings {
    fn default() -> Self {
        let (mean, std, variance_lr) = (3.0, 0.5, 0.05);
        Self { mean, std, epochs: 4, variance_epochs: 4, variance_lr, mean_path: AUTO.into() }
    }
}

/// The learning rate for the mean.
const MEAN_LR: f64 = 0.1;

impl Settings {
    /// The recipe of the model that is trained.
    pub fn recipe(&self) -> Recipe {
        let (epochs, lr) = match self.model_type {
            ModelType::ExampleMean => (self.example.epochs, MEAN_LR),
            ModelType::ExampleVariance => (self.example.variance_epochs, self.example.variance_lr),
        };
        Recipe {
            epochs,
            optimizer: OptimizerKind::AdamW { epsilon: 1e-8, weight_decay: 0.0 },
            lr: LrSchedule::Constant { lr, decay_epoch: None },
            clip_norm: None,
        }
    }
}

impl World for Settings {
    const NAME: &'static str = "the example";
    const MODELS: &'static [&'static str] = &["ExampleMean", "ExampleVariance"];

    fn model(&self) -> &'static str {
        match self.model_type {
            ModelType::ExampleMean => Self::MODELS[0],
            ModelType::ExampleVariance => Self::MODELS[1],
        }
    }

    fn check(&self, _run: &RunKeys) -> Result<(), InvalidSetting> {
        let example = &self.example;
        let epochs = [("epochs", example.epochs), ("variance_epochs", example.variance_epochs)];
        let checked = at_least(1, &epochs)
            .and_then(|()| at_most(MOST, &epochs))
            .and_then(|()| finite(&[("mean", example.mean)]))
            .and_then(|()| positive(&[("std", example.std), ("variance_lr", example.variance_lr)]));
        within("example", checked)
    }

    fn affects_results(&self, key: &str) -> bool {
        let of_variance = key == MEAN || key.starts_with("example.variance_");
        !of_variance || self.model_type == ModelType::ExampleVariance
    }

    fn inputs(&self, run: &RunKeys) -> Vec<InputSetting<(Self, RunKeys)>> {
        if self.model_type == ModelType::ExampleMean {
            return vec![];
        }
        let of_mean = Self { model_type: ModelType::ExampleMean, ..self.clone() };
        // All seeds of a study share one mean.
        let run = RunKeys { seed: RunKeys::default().seed, ..run.of_stage() };
        let stage = Some(Stage { name: "mean", settings: (of_mean, run) });
        vec![InputSetting { key: MEAN.into(), value: self.example.mean_path.clone(), results: &[], stage }]
    }

    fn job(&self, work: Work, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Box<dyn Job>> {
        work.on(ExampleTask::new(self, run, device, inputs)?, inputs)
    }

    fn metric_names(&self) -> Vec<&'static str> {
        vec!["error", "squared"]
    }
}
