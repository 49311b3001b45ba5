//! The training task of world models on moving dots.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use tch::Device;

use super::Settings;
use super::data::{DatasetType, Distractor, Dots, DotsSettings, HostTrajectories, Trajectories};
use super::evaluation::{Evaluator, table};
use super::models::{self, LossOutput, WorldModel};
use crate::charts::Figure;
use crate::datasets::Split;
use crate::diagnostics::diagnose;
use crate::nn::Parameters;
use crate::objectives::scalars::Scalars;
use crate::optim::Recipe;
use crate::runs::Progress;
use crate::runs::Record;
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Step, Task, loss_terms, object};

use super::figures;

/// Training and evaluation of a world model.
pub struct WorldModelTask {
    settings: Settings,
    run: RunKeys,
    recipe: Recipe,
    model: Box<dyn WorldModel>,
    training_world: Dots,
    validation_world: Dots,
    descent: GradientDescent,
    device: Device,
}

impl WorldModelTask {
    /// The task of these settings.
    ///
    /// # Errors
    /// Names the setting that no model or world can be built with.
    pub fn new(settings: &Settings, run: &RunKeys, device: Device) -> Result<Self> {
        let model = models::build(settings, run, device)?;
        let recipe = settings.recipe();
        let world = |split| settings.world(run.seed, split, model.as_ref());
        let training_world = world(Split::Training)?;
        let one_world = settings.val_n_steps == settings.n_steps && !settings.dataset_structured_noise;
        let validation_world = if one_world { training_world.clone() } else { world(Split::Validation)? };
        let batch_size = settings.dataset_batch_size;
        let descent =
            GradientDescent::new(model.parameters(), &recipe, batch_size, settings.dataset_size / batch_size);
        Ok(Self {
            settings: settings.clone(),
            run: run.clone(),
            recipe,
            model,
            training_world,
            validation_world,
            descent,
            device,
        })
    }

    fn evaluator(&self) -> Evaluator<'_> {
        let settings = &self.settings;
        Evaluator {
            world: &self.validation_world,
            probing: &settings.probing_cfg,
            batches_per_epoch: (settings.val_dataset_size / settings.dataset_batch_size) as u64,
            batch_size: settings.dataset_batch_size,
            seed: self.run.seed,
            planning_problems: settings.probe_mpc.then_some(if self.run.quick_debug {
                1
            } else {
                settings.eval_mpcs
            }),
            quick: self.run.quick_debug,
        }
    }
}

impl Task for WorldModelTask {
    type Batch = HostTrajectories;

    fn plan(&self) -> Plan {
        let steps_per_epoch = self.settings.dataset_size / self.settings.dataset_batch_size;
        Plan::new(&self.run, &self.recipe, steps_per_epoch as u64)
    }

    fn title(&self) -> String {
        let settings = &self.settings;
        let kind = if settings.dataset_structured_noise { " structured" } else { "" };
        let noise =
            |name, strength: f64| (strength > 0.0).then(|| format!(", {name}{kind} noise {strength:?}"));
        let parts =
            [noise("changing", settings.dataset_noise), noise("fixed", settings.dataset_static_noise)];
        let noises: String = parts.into_iter().flatten().collect();
        let dots = match settings.dataset_type {
            DatasetType::Single => "one dot",
            DatasetType::Multiple => "three dots",
        };
        let noises = if noises.is_empty() { ", no noise" } else { &noises };
        format!(
            "{dots}{noises}{}",
            if settings.dataset_frame_difference { ", frame differences" } else { "" }
        )
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<HostTrajectories> {
        let world = self.training_world.clone();
        Prefetch::new(steps, move |step| world.batch("train", step, world.frames()))
    }

    fn batch_size(&self) -> usize {
        self.settings.dataset_batch_size
    }

    fn step(&mut self, step: u64, batch: HostTrajectories, observe: bool) -> Result<Step> {
        let batch = Trajectories::new(&batch, self.device)?;
        let observe = observe && self.settings.diagnostics;
        let (report, observed) = self.descent.step(step, || {
            let LossOutput { report, activations } = self.model.loss(&batch);
            let observed = if observe { diagnose(&activations) } else { Scalars::default() };
            report.total.backward();
            Ok((report, observed))
        })?;
        self.model.after_step();
        Ok(Step { report, observed, lr: Some(self.descent.lr(step)) })
    }

    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        let (evaluation, examples) = self.evaluator().evaluate(self.model.as_ref(), epoch, progress)?;
        let world = self.title();
        let marked =
            if evaluation.dots.is_empty() { world.clone() } else { format!("action dot of {world}") };
        if !evaluation.prediction.rmse_px.is_finite() {
            bail!("the probe's error is not finite at epoch {epoch}");
        }
        let mut figures = vec![
            ("rmse_per_step", figures::rmse_per_step(&world, &evaluation)),
            ("frames", figures::frames(&marked, &examples.sequences)?),
        ];
        if !examples.problems.is_empty() {
            figures.push(("planning", figures::planning(&world, &examples.problems)?));
        }
        figures.extend(
            figures::reconstructions(&world, &examples.sequences)?.map(|figure| ("reconstructions", figure)),
        );
        Ok(Evaluated {
            card: evaluation.card(),
            report: object(&evaluation)?,
            table: table(&world, &evaluation),
            figures,
        })
    }

    fn figures(&self, records: &[Record]) -> Vec<(&'static str, Figure)> {
        let figures = [("loss_terms", loss_terms(records)), ("diagnostics", figures::diagnostics(records))];
        figures.into_iter().filter_map(|(name, figure)| Some((name, figure?))).collect()
    }
}

impl Settings {
    /// The world of a split as `model` sees it: its burn-in frames come before the frames that are
    /// predicted and scored.
    ///
    /// # Errors
    /// The pictures of structured noise cannot be read.
    pub(super) fn world(&self, seed: u64, split: Split, model: &dyn WorldModel) -> Result<Dots> {
        Dots::new(self.dots(seed, split, model.burn_in() - 1)?)
    }

    /// The settings of the world of a split, with `burn_in` frames before each sequence.
    fn dots(&self, seed: u64, split: Split, burn_in: usize) -> Result<DotsSettings> {
        let distractor = match self.dataset_structured_noise {
            true => Distractor::structured(&self.dataset_structured_noise_path, split)
                .context("dataset_structured_noise_path")?,
            false => Distractor::Uniform,
        };
        Ok(DotsSettings {
            frames: burn_in + if split == Split::Training { self.n_steps } else { self.val_n_steps },
            batch_size: self.dataset_batch_size,
            dataset_type: self.dataset_type,
            channels: self.channels(),
            frame_difference: self.dataset_frame_difference,
            dot_std: self.dataset_dot_std,
            noise: self.dataset_noise,
            static_noise: self.dataset_static_noise,
            static_noise_speed: self.dataset_static_noise_speed,
            distractor,
            normalize: self.dataset_normalize,
            seed,
        })
    }
}
