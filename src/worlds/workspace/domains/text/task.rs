//! The training of the text domain, `model_type: ShapesText`.

use std::ops::Range;
use std::sync::Arc;

use anyhow::{Result, ensure};
use tch::Device;

use super::{SentenceSource, TextBatch, TextEncoder, TextScores, TextSettings, TextVae};
use crate::nn::Parameters;
use crate::runs::Progress;
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Shuffle, Step, Task, object};
use crate::worlds::workspace::data::{OodSettings, ShapeSet, ShapesSettings, Split};
use crate::worlds::workspace::domains::{Items, noise, warmed_up};

/// Validation items of a run with `quick_debug`.
const FEW: usize = 64;
/// Training sentences from which vectors are standardised.
const STANDARD: usize = 50_000;

/// Training and evaluation of the text domain.
pub struct TextTask {
    settings: TextSettings,
    run: RunKeys,
    vae: TextVae,
    source: Arc<SentenceSource>,
    training: Arc<Items>,
    validation: Items,
    descent: GradientDescent,
}

impl TextTask {
    /// The task of these settings.
    ///
    /// # Errors
    /// When vectors of sentences are missing, or there are fewer training items than a batch has.
    pub fn new(
        shapes: &ShapesSettings,
        settings: &TextSettings,
        run: &RunKeys,
        device: Device,
    ) -> Result<Self> {
        let set = Arc::new(ShapeSet::new(shapes, &OodSettings::default(), run.seed)?);
        let items = |split| Items::new(&set, run.seed, split);
        let (training, validation) = (items(Split::Training), items(Split::Validation));
        let (count, batch_size) = (training.count(), settings.batch_size());
        ensure!(
            count >= batch_size,
            "text.batch_size: must be at most {count} (shapes.n_train_examples), but is {batch_size}"
        );
        let source = SentenceSource::open(settings)?;
        let mut vae = TextVae::new(settings, source.width(), run.seed, device);
        if settings.encoder == TextEncoder::Features {
            let rows: Vec<usize> = (0..count.min(STANDARD)).collect();
            vae.fit_standardiser(&source.read(&training, &rows)?.to_device(device))?;
        }
        Ok(Self {
            descent: GradientDescent::new(&vae.parameters, &settings.recipe(), batch_size, 1),
            settings: settings.clone(),
            run: run.clone(),
            vae,
            source: Arc::new(source),
            training: Arc::new(training),
            validation,
        })
    }

    fn shuffle(&self) -> Shuffle {
        Shuffle::new(self.run.seed, self.training.count(), self.batch_size())
    }

    fn beta(&self, step: u64) -> f64 {
        warmed_up(self.settings.beta, self.settings.beta_warmup, step, self.settings.steps as u64)
    }
}

impl Task for TextTask {
    /// A batch, or the error of making it.
    type Batch = Result<TextBatch>;

    /// An epoch is a pass over the training sentences.
    fn plan(&self) -> Plan {
        Plan::of_steps(&self.run, self.settings.steps as u64, self.shuffle().batches_per_epoch())
    }

    fn title(&self) -> String {
        let read = match self.settings.encoder {
            TextEncoder::Conv => "tokens".to_owned(),
            TextEncoder::Features => format!("vectors of {} numbers", self.source.width()),
        };
        format!("captions of shapes in {} numbers, read from {read}", self.settings.z_size)
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Result<TextBatch>> {
        let (shuffle, source, items) = (self.shuffle(), self.source.clone(), self.training.clone());
        Prefetch::new(steps, move |step| {
            let rows: Vec<usize> = shuffle.batch(step).iter().map(|row| *row as usize).collect();
            TextBatch::new(&source, &items, &rows)
        })
    }

    fn batch_size(&self) -> usize {
        self.settings.batch_size()
    }

    fn step(&mut self, step: u64, batch: Result<TextBatch>, _observe: bool) -> Result<Step> {
        let batch = batch?.to_device(self.vae.parameters.device());
        let shape = [self.batch_size() as i64, self.settings.z_size as i64];
        let noise = noise(&self.vae.parameters, "text/noise", step, shape);
        let beta = self.beta(step);
        let vae = &self.vae;
        self.descent.descend(step, || Ok(vae.loss(&batch, &noise, beta)))
    }

    fn parameters(&self) -> &Parameters {
        &self.vae.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        let count = self.validation.count();
        let count = if self.run.quick_debug { count.min(FEW) } else { count };
        let scores = TextScores::new(&self.vae, &self.source, &self.validation, count, epoch, progress)?;
        Ok(Evaluated {
            card: scores.card(),
            report: object(&scores)?,
            table: scores.table(&self.title()),
            figures: vec![],
        })
    }
}
