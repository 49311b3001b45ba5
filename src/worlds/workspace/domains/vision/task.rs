//! The training of the vision domain, `model_type: ShapesVision`.

use std::ops::Range;
use std::sync::Arc;

use anyhow::{Result, ensure};
use tch::{Device, Tensor};

use super::{VisionScores, VisionSettings, VisionVae, figures};
use crate::nn::{Mode, Parameters};
use crate::runs::Progress;
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Shuffle, Step, Task, object};
use crate::worlds::workspace::data::{OodSettings, ShapeSet, ShapesSettings, Split};
use crate::worlds::workspace::domains::{noise, warmed_up};

/// Validation items of a run with `quick_debug`.
const FEW: usize = 64;

/// Training and evaluation of the vision domain.
pub struct VisionTask {
    settings: VisionSettings,
    run: RunKeys,
    vae: VisionVae,
    set: Arc<ShapeSet>,
    descent: GradientDescent,
}

impl VisionTask {
    /// The task of these settings.
    ///
    /// # Errors
    /// When there are fewer training items than a batch has, files of the data set are missing, or
    /// the device lacks the precision.
    pub fn new(
        shapes: &ShapesSettings,
        settings: &VisionSettings,
        run: &RunKeys,
        device: Device,
    ) -> Result<Self> {
        run.precision.check(device)?;
        let (count, batch_size) = (shapes.n_train_examples, settings.batch_size);
        ensure!(
            count >= batch_size,
            "vision.batch_size: must be at most {count} (shapes.n_train_examples), but is {batch_size}"
        );
        let vae = VisionVae::new(settings, run.seed, run.precision, device);
        let recipe = settings.recipe((count / batch_size) as u64);
        let descent = GradientDescent::new(&vae.parameters, &recipe, batch_size, 1);
        Ok(Self {
            settings: settings.clone(),
            run: run.clone(),
            vae,
            set: Arc::new(ShapeSet::new(shapes, &OodSettings::default(), run.seed)?),
            descent,
        })
    }

    fn shuffle(&self) -> Shuffle {
        Shuffle::new(self.run.seed, self.set.shapes(Split::Training).len(), self.settings.batch_size)
    }

    fn beta(&self, step: u64) -> f64 {
        warmed_up(self.settings.beta, self.settings.beta_warmup, step, self.settings.steps as u64)
    }
}

impl Task for VisionTask {
    /// Bytes `[B, 3, 32, 32]`, channels-last, or the error of reading them.
    type Batch = Result<Tensor>;

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

    fn batches(&self, steps: Range<u64>) -> Prefetch<Result<Tensor>> {
        let (shuffle, set) = (self.shuffle(), self.set.clone());
        Prefetch::new(steps, move |step| set.images(Split::Training, &shuffle.batch(step)))
    }

    fn batch_size(&self) -> usize {
        self.settings.batch_size
    }

    fn step(&mut self, step: u64, batch: Result<Tensor>, _observe: bool) -> Result<Step> {
        let images = batch?.to_device(self.vae.parameters.device());
        let shape = [self.settings.batch_size as i64, self.settings.z_size as i64];
        let noise = noise(&self.vae.parameters, "vision/noise", step, shape);
        let beta = self.beta(step);
        let vae = &self.vae;
        self.descent.descend(step, || Ok(vae.loss(&images, &noise, beta, Mode::Train)))
    }

    fn parameters(&self) -> &Parameters {
        &self.vae.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        let count = self.set.shapes(Split::Validation).len();
        let count = if self.run.quick_debug { count.min(FEW) } else { count };
        let images = |rows: Range<usize>| {
            let rows: Vec<i64> = rows.map(|row| row as i64).collect();
            self.set.images(Split::Validation, &rows)
        };
        let scores = VisionScores::new(&self.vae, (count, &images), self.run.seed, epoch, progress)?;
        Ok(Evaluated {
            card: scores.card(),
            report: object(&scores)?,
            table: scores.table(&self.title()),
            figures: figures::all(&self.vae, &images(0..count.min(figures::SHOWN))?, &scores, self.run.seed)?,
        })
    }
}
