//! The training task of communicating agents.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ndarray::s;
use tch::{Device, Tensor, no_grad};

use super::Settings;
use super::figures;
use super::models::{self, ComoModel, DigitStrips, MessageCondition, MessengerKind, whole};
use super::settings::SINGLE_AGENT;
use super::{Augmentation, Communication, DigitDraw, DigitViews, score_drawings};
use crate::datasets::{Digits, Split};
use crate::nn::Parameters;
use crate::objectives::scalars::Scalars;
use crate::optim::Recipe;
use crate::runs::{Inputs, Progress};
use crate::training::load_model_tensors;
use crate::training::{Evaluated, GradientDescent, Plan, RunKeys, Step, Task, object};
use crate::training::{Prefetch, Shuffle};

/// The number of test digits in the figure.
const SHOWN: i64 = 6;

/// Training and evaluation of agents on MNIST digits.
pub struct CollaborationTask {
    settings: Settings,
    run: RunKeys,
    recipe: Recipe,
    model: ComoModel,
    training: DigitViews,
    test: DigitViews,
    test_labels: Vec<u8>,
    /// The mean training digit, `[28, 28]`.
    mean: Tensor,
    augmentation: Augmentation,
    descent: GradientDescent,
}

impl CollaborationTask {
    /// The task of these settings.
    ///
    /// # Errors
    /// When digits are missing, damaged or too few, or the agent at `single_agent_path` does not
    /// fit.
    pub fn new(settings: &Settings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        run.precision.check(device)?;
        let como = &settings.como;
        let load = |split| Digits::load(Path::new(&como.data_path), split).context("como.data_path");
        let (training, test) = (load(Split::Training)?, load(Split::Validation)?);
        let count = como.num_samples.unwrap_or(training.len());
        let batch_size = settings.dataset_batch_size;
        ensure!(
            (batch_size..=training.len()).contains(&count),
            "como.num_samples: must be from {batch_size} (dataset_batch_size) to {}, but is {count}",
            training.len()
        );
        let model = ComoModel::new(como, run.seed, run.precision, device);
        if let Some(path) = inputs.checkpoint(SINGLE_AGENT) {
            let tensors = load_model_tensors(path).context(SINGLE_AGENT)?;
            let place = path.display();
            let does_not_fit = || format!("{SINGLE_AGENT}: the first agent of {place} does not fit");
            model.start_all_from(&tensors).with_context(does_not_fit)?;
        }
        let test_labels = test.labels().to_vec();
        let training = DigitViews::new(training.images().slice(s![..count, .., ..]), device)?;
        let recipe = settings.como.recipe();
        Ok(Self {
            mean: training.mean(),
            training,
            test: DigitViews::new(test.images().view(), device)?,
            test_labels,
            descent: GradientDescent::new(&model.parameters, &recipe, batch_size, count / batch_size),
            augmentation: Augmentation {
                flip: como.flip,
                swap_probability: como.swap_probability,
                drop_message: como.drop_message,
                agents: como.collab_n_agents,
            },
            recipe,
            model,
            settings: settings.clone(),
            run: run.clone(),
        })
    }

    fn shuffle(&self) -> Shuffle {
        Shuffle::new(self.run.seed, self.training.count() as usize, self.batch_size())
    }

    fn strips(&self) -> i64 {
        self.settings.como.strips()
    }

    /// Test digits and their reconstructions under each condition, one row of images per condition.
    fn drawings(&self) -> Vec<(&'static str, Tensor)> {
        let images = self.test.upright(0, SHOWN.min(self.test.count()));
        let agents = self.model.agents.count();
        let batch = DigitStrips::new(&images, self.strips(), agents);
        let strips = models::strips(&images, self.strips());
        let drawn = |model: &models::Como, condition| whole(&model.draw(&batch.seen, condition), &strips);
        let mut rows = vec![("the digits", images.shallow_clone())];
        if self.model.agents.communicates() {
            rows.push(("drawn with messages", drawn(&self.model.agents, MessageCondition::Intact)));
            rows.push(("messages zeroed", drawn(&self.model.agents, MessageCondition::Zeroed)));
        } else {
            rows.push(("drawn without messages", drawn(&self.model.agents, MessageCondition::Intact)));
        }
        if let Some(baselines) = &self.model.baselines {
            let silent = baselines.silent.as_ref().map(|model| drawn(model, MessageCondition::Intact));
            rows.extend(silent.map(|drawn| ("trained without messages", drawn)));
            let seen = baselines.autoencoder.draw(&batch.whole, MessageCondition::Intact);
            rows.push(("autoencoder that sees all", seen.view_as(&images)));
        }
        rows
    }
}

impl Task for CollaborationTask {
    type Batch = DigitDraw;

    fn plan(&self) -> Plan {
        Plan::new(&self.run, &self.recipe, self.shuffle().batches_per_epoch())
    }

    fn title(&self) -> String {
        let como = &self.settings.como;
        let size = como.collab_message_size;
        let numbers = match como.message_bits {
            Some(bits) => format!("{size} numbers of {bits} bits"),
            None => format!("{size} numbers"),
        };
        match (como.collab_n_agents, como.collab_messenger) {
            (1, _) => "one agent".into(),
            (agents, MessengerKind::None) => format!("{agents} agents, no messages"),
            (agents, _) => format!("{agents} agents, messages of {numbers}"),
        }
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<DigitDraw> {
        let (shuffle, augmentation, seed) = (self.shuffle(), self.augmentation, self.run.seed);
        Prefetch::new(steps, move |step| augmentation.draw(seed, step, shuffle.batch(step)))
    }

    fn batch_size(&self) -> usize {
        self.settings.dataset_batch_size
    }

    fn step(&mut self, step: u64, batch: DigitDraw, _observe: bool) -> Result<Step> {
        let batch = DigitStrips::drawn(&self.training, &batch, self.strips(), self.model.agents.count());
        let report = self.descent.step(step, || Ok(self.model.learn(&batch)))?;
        Ok(Step { report, observed: Scalars::default(), lr: Some(self.descent.lr(step)) })
    }

    fn parameters(&self) -> &Parameters {
        &self.model.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        let count = self.test.count();
        let limit = if self.run.quick_debug { count.min(SHOWN) } else { count };
        let report = |done: i64| progress.update("test digits", done as u64, limit as u64);
        let scores = score_drawings(&self.model, self.strips(), &self.test, limit, &self.mean, report)?;
        let evaluation = Communication::new(epoch, self.settings.como.bits_per_image(), scores);
        if !evaluation.drawing.mse.is_finite() {
            bail!("the test error is not finite at epoch {epoch}");
        }
        let drawings = no_grad(|| self.drawings());
        Ok(Evaluated {
            card: evaluation.card(),
            report: object(&evaluation)?,
            table: evaluation.table(&self.title()),
            figures: vec![("drawings", figures::drawings(&self.title(), &self.test_labels, &drawings)?)],
        })
    }
}
