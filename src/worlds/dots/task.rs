//! A world model learning from moving dots.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use tch::Device;

use super::data::{DatasetType, Dots, DotsSettings, HostTrajectories, Overlay, Trajectories};
use super::evaluation::{Judge, table};
use super::models::{self, LossOutput, WorldModel};
use crate::charts::Figure;
use crate::datasets::Split;
use crate::diagnostics::diagnose;
use crate::nn::Parameters;
use crate::objectives::scalars::Scalars;
use crate::optim::{self, Optimiser, Recipe, Schedule};
use crate::runs::Record;
use crate::runs::Watch;
use crate::schema::RunSettings;
use crate::training::{Evaluated, Loss, Plan, Prefetch, Task, loss_terms, object};

use super::figures;

pub struct WorldModelTask {
    settings: RunSettings,
    recipe: Recipe,
    model: Box<dyn WorldModel>,
    training_world: Dots,
    validation_world: Dots,
    schedule: Schedule,
    device: Device,
}

impl WorldModelTask {
    /// # Errors
    /// Names the setting that asks for what is not built yet.
    pub fn new(settings: &RunSettings, device: Device) -> Result<Self> {
        let model = models::build(settings, device)?;
        let recipe = models::recipe(settings);
        // What burn-in shows comes before the frames that are predicted and scored.
        let burn_in = model.burn_in() - 1;
        let training_world = Dots::new(settings.dots(Split::Training, burn_in)?)?;
        let one_world = settings.val_n_steps == settings.n_steps && !settings.dataset_structured_noise;
        let validation_world = match one_world {
            true => training_world.clone(),
            false => Dots::new(settings.dots(Split::Validation, burn_in)?)?,
        };
        let batch_size = settings.dataset_batch_size;
        let schedule =
            Schedule::new(recipe.lr, batch_size, recipe.epochs, settings.dataset_size / batch_size);
        Ok(Self {
            settings: settings.clone(),
            recipe,
            model,
            training_world,
            validation_world,
            schedule,
            device,
        })
    }

    fn judge(&self) -> Judge<'_> {
        let settings = &self.settings;
        Judge {
            world: &self.validation_world,
            probing: &settings.probing_cfg,
            batches_per_epoch: (settings.val_dataset_size / settings.dataset_batch_size) as u64,
            batch_size: settings.dataset_batch_size,
            seed: settings.seed,
            mpcs: settings.probe_mpc.then_some(if settings.quick_debug { 1 } else { settings.eval_mpcs }),
            quick: settings.quick_debug,
        }
    }
}

impl Task for WorldModelTask {
    type Batch = HostTrajectories;

    fn plan(&self) -> Plan {
        let steps_per_epoch = self.settings.dataset_size / self.settings.dataset_batch_size;
        Plan::new(&self.settings, &self.recipe, steps_per_epoch as u64)
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

    fn differentiate(&self, batch: HostTrajectories, observe: bool) -> Result<Loss> {
        let batch = Trajectories::new(&batch, self.device)?;
        let LossOutput { report, activations } = self.model.loss(&batch);
        let observed =
            if observe && self.settings.diagnostics { diagnose(&activations) } else { Scalars::default() };
        report.total.backward();
        Ok(Loss { report, observed })
    }

    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn optimiser(&self) -> Box<dyn Optimiser> {
        optim::build(self.recipe.optimizer, self.parameters().trainable())
    }

    fn after_step(&self) {
        self.model.after_step();
    }

    fn rate(&self, step: u64) -> f64 {
        self.schedule.lr(step)
    }

    fn evaluate(&self, epoch: f64, watch: &dyn Watch) -> Result<Evaluated> {
        let (evaluation, shown) = self.judge().evaluate(self.model.as_ref(), epoch, watch)?;
        let world = self.title();
        let marked =
            if evaluation.dots.is_empty() { world.clone() } else { format!("action dot of {world}") };
        if !evaluation.prediction.rmse_px.is_finite() {
            bail!("the probe's error is not finite at epoch {epoch}");
        }
        let mut figures = vec![
            ("rmse_per_step", figures::rmse_per_step(&world, &evaluation)),
            ("frames", figures::frames(&marked, &shown.examples)?),
        ];
        if !shown.problems.is_empty() {
            figures.push(("planning", figures::planning(&world, &shown.problems)?));
        }
        figures.extend(
            figures::reconstructions(&world, &shown.examples)?.map(|figure| ("reconstructions", figure)),
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

impl RunSettings {
    /// The world these settings describe, with the overlays of one split and `burn_in` frames before its own.
    fn dots(&self, split: Split, burn_in: usize) -> Result<DotsSettings> {
        let overlay = match self.dataset_structured_noise {
            true => Overlay::structured(&self.dataset_structured_noise_path, split)
                .context("dataset_structured_noise_path")?,
            false => Overlay::Uniform,
        };
        Ok(DotsSettings {
            frames: burn_in + if split == Split::Training { self.n_steps } else { self.val_n_steps },
            batch_size: self.dataset_batch_size,
            dataset_type: self.dataset_type,
            channels: self.world_model().context("the model is none of a world")?.1,
            frame_difference: self.dataset_frame_difference,
            dot_std: self.dataset_dot_std,
            noise: self.dataset_noise,
            static_noise: self.dataset_static_noise,
            static_noise_speed: self.dataset_static_noise_speed,
            overlay,
            normalize: self.dataset_normalize,
            seed: self.seed,
        })
    }
}
