//! The training of the vision domain, `model_type: ShapesVision`.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Result, ensure};
use tch::{Device, Tensor};

use super::{VisionScores, VisionSettings, VisionVae, figures};
use crate::charts::Figure;
use crate::checkpoints::Checkpoint;
use crate::native::normals;
use crate::nn::Mode;
use crate::objectives::scalars::Scalars;
use crate::runs::{Progress, Record};
use crate::training::{
    Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Shuffle, Step, Task, loss_terms, object,
    restore_state, state_of,
};
use crate::worlds::workspace::data::{Sampler, Shape, ShapesSettings, Split, render_all};
use crate::worlds::workspace::domains::warmed_up;
use umwelt_base::random::Stream;

/// Validation items of a run with `quick_debug`.
const FEW: usize = 64;

/// Training and evaluation of the vision domain.
pub struct VisionTask {
    settings: VisionSettings,
    run: RunKeys,
    vae: VisionVae,
    training: Arc<Vec<Shape>>,
    validation: Vec<Shape>,
    descent: GradientDescent,
}

impl VisionTask {
    /// The task of these settings.
    ///
    /// # Errors
    /// When there are fewer training items than a batch has, or the device lacks the precision.
    pub fn new(
        shapes: &ShapesSettings,
        settings: &VisionSettings,
        run: &RunKeys,
        device: Device,
    ) -> Result<Self> {
        run.precision.check(device)?;
        let sampler = Sampler::new(shapes, run.seed);
        let items = |split| sampler.items(split, shapes.items(split)).shapes;
        let training = items(Split::Training);
        ensure!(
            training.len() >= settings.batch_size,
            "vision.batch_size: must be at most {} (shapes.n_train_examples), but is {}",
            training.len(),
            settings.batch_size
        );
        let vae = VisionVae::new(settings, run.seed, run.precision, device);
        let recipe = settings.recipe((training.len() / settings.batch_size) as u64);
        let descent = GradientDescent::new(&vae.parameters, &recipe, settings.batch_size, 1);
        Ok(Self {
            settings: settings.clone(),
            run: run.clone(),
            vae,
            training: Arc::new(training),
            validation: items(Split::Validation),
            descent,
        })
    }

    fn shuffle(&self) -> Shuffle {
        Shuffle::new(self.run.seed, self.training.len(), self.settings.batch_size)
    }

    /// The standard normal numbers of a training step, `[B, z]`.
    fn noise(&self, step: u64) -> Tensor {
        let shape = [self.settings.batch_size as i64, self.settings.z_size as i64];
        let seed = Stream::new(self.run.seed, "vision/noise").at(&[step]).bits();
        normals(&shape, self.vae.parameters.device(), seed)
    }

    fn beta(&self, step: u64) -> f64 {
        warmed_up(self.settings.beta, self.settings.beta_warmup, step, self.settings.steps as u64)
    }
}

impl Task for VisionTask {
    /// Bytes `[B, 3, 32, 32]`, channels-last.
    type Batch = Tensor;

    /// An epoch is a pass over the training images.
    fn plan(&self) -> Plan {
        Plan::of_steps(&self.run, self.settings.steps as u64, self.shuffle().batches_per_epoch())
    }

    fn title(&self) -> String {
        let VisionSettings { hidden, channels, ae_size, z_size, .. } = &self.settings;
        let network = match hidden {
            Some(hidden) => format!("{channels} channels and {hidden} hidden features"),
            None => format!("{ae_size} channels"),
        };
        format!("images of shapes in {z_size} numbers, {network}")
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Tensor> {
        let (shuffle, shapes) = (self.shuffle(), self.training.clone());
        Prefetch::new(steps, move |step| {
            let picked: Vec<Shape> = shuffle.batch(step).iter().map(|i| shapes[*i as usize]).collect();
            render_all(&picked)
        })
    }

    fn batch_size(&self) -> usize {
        self.settings.batch_size
    }

    fn step(&mut self, step: u64, batch: Tensor, _observe: bool) -> Result<Step> {
        let images = batch.to_device(self.vae.parameters.device());
        let (noise, beta) = (self.noise(step), self.beta(step));
        let vae = &self.vae;
        let report = self.descent.step(step, || {
            let report = vae.loss(&images, &noise, beta, Mode::Train);
            report.total.backward();
            Ok(report)
        })?;
        Ok(Step { report, observed: Scalars::default(), lr: Some(self.descent.lr(step)) })
    }

    fn model(&self) -> Vec<(String, Tensor)> {
        self.vae.parameters.named()
    }

    fn assign_model(&mut self, tensors: &HashMap<String, Tensor>) -> Result<()> {
        self.vae.parameters.assign(tensors)
    }

    fn parameter_count(&self) -> usize {
        self.vae.parameters.count()
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        state_of(&self.vae.parameters, &self.descent)
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        restore_state(&self.vae.parameters, &mut self.descent, checkpoint)
    }

    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        let count = if self.run.quick_debug { FEW.min(self.validation.len()) } else { self.validation.len() };
        let shapes = &self.validation[..count];
        let scores = VisionScores::new(&self.vae, shapes, self.run.seed, epoch, progress)?;
        Ok(Evaluated {
            card: scores.card(),
            report: object(&scores)?,
            table: scores.table(&self.title()),
            figures: figures::all(&self.vae, shapes, &scores, self.run.seed)?,
        })
    }

    fn figures(&self, records: &[Record]) -> Vec<(&'static str, Figure)> {
        loss_terms(records).map(|figure| ("loss_terms", figure)).into_iter().collect()
    }
}
