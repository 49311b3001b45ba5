//! Learning one number from random numbers.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use tch::{Device, Kind, Tensor};

use super::settings::{MEAN, ModelType, Settings};
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::runs::{Baseline, Inputs, Progress, Record, Score, ScoreCard};
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Step, Task, load_model_tensors};
use umwelt_base::random::Stream;

const BATCH_SIZE: usize = 16;
const STEPS_PER_EPOCH: usize = 10;
/// The name of the learned number among the model's tensors.
const NUMBER: &str = "number";

pub struct ExampleTask {
    settings: Settings,
    run: RunKeys,
    /// The mean that the numbers are taken around.
    around: f64,
    parameters: Parameters,
    number: Tensor,
    descent: GradientDescent,
}

impl ExampleTask {
    /// # Errors
    /// When the run that `example.mean_path` names has learned no mean.
    pub fn new(settings: &Settings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let around = match inputs.checkpoint(MEAN) {
            Some(checkpoint) => load_model_tensors(checkpoint).context(MEAN)?.remove(NUMBER),
            None => Some(Tensor::from(0.0)),
        };
        let around = around.with_context(|| format!("{MEAN}: the checkpoint is of another model"))?;
        let parameters = Parameters::new(device, run.seed);
        let number = parameters.root().uniform(NUMBER, &[], 1.0);
        let descent = GradientDescent::new(&parameters, &settings.recipe(), BATCH_SIZE, STEPS_PER_EPOCH);
        let around = around.double_value(&[]);
        Ok(Self { settings: settings.clone(), run: run.clone(), around, parameters, number, descent })
    }

    /// The number that is to be learned.
    fn target(&self) -> f64 {
        match self.settings.model_type {
            ModelType::ExampleMean => self.settings.example.mean,
            ModelType::ExampleVariance => self.settings.example.std.powi(2),
        }
    }
}

impl Task for ExampleTask {
    type Batch = Vec<f32>;

    fn plan(&self) -> Plan {
        Plan::new(&self.run, &self.settings.recipe(), STEPS_PER_EPOCH as u64)
    }

    fn title(&self) -> String {
        let example = &self.settings.example;
        format!("random numbers of mean {} and standard deviation {}", example.mean, example.std)
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Vec<f32>> {
        let (mean, std) = (self.settings.example.mean, self.settings.example.std);
        let stream = Stream::new(self.run.seed, "example/numbers");
        Prefetch::new(steps, move |step| {
            let mut rng = stream.at(&[step]);
            (0..BATCH_SIZE).map(|_| (mean + std * rng.normal()) as f32).collect()
        })
    }

    fn batch_size(&self) -> usize {
        BATCH_SIZE
    }

    fn step(&mut self, step: u64, batch: Vec<f32>, _observe: bool) -> Result<Step> {
        let numbers = Tensor::from_slice(&batch).to_device(self.parameters.device());
        let samples = match self.settings.model_type {
            ModelType::ExampleMean => numbers,
            ModelType::ExampleVariance => (numbers - self.around).square(),
        };
        self.descent.descend(step, || {
            let error = (samples - &self.number).square().mean(Kind::Float);
            Ok(LossReport::weighted(vec![("squared", 1.0, error)]))
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        progress.update("comparing", 0, 1)?;
        let (learned, target) = (self.number.double_value(&[]), self.target());
        let error = (learned - target).abs();
        if !error.is_finite() {
            bail!("the error is not finite at epoch {epoch}");
        }
        let card = ScoreCard {
            scores: vec![Score::lower("error", error, "", "error")],
            baselines: vec![Baseline { name: "zero".into(), value: target.abs(), of: "error".into() }],
            headline: vec!["error".into()],
        };
        let table = format!("learned {learned:.4}, true {target:.4}, error {error:.4}\n");
        Ok(Evaluated { card, report: Record::new(), table, figures: vec![] })
    }
}
