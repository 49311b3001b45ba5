//! The evaluation of a world model: both probes, fitted and scored on fresh sequences, beside the baselines.

use std::collections::HashMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, no_grad};

use super::adam::{Lesson, fit};
use super::baselines::{Baseline, baselines};
use super::dot_scores::{DotScore, dot_scores, together};
use super::errors::{Score, SquaredErrors};
use super::features::{self, Part, batches, encodings, scored};
use super::health::Health;
use super::noise_probe::NoiseProbe;
use super::planning::{Planned, Planning, Problems, ShownProblem, plan};
use super::probe::{Probe, ProbeShape};
use super::settings::{ProbingSettings, Solver};
use crate::nn::Mode;
use crate::runs::Progress;
use crate::worlds::dots::data::{Dots, Trajectories};
use crate::worlds::dots::models::WorldModel;
use umwelt_torch::NormalEquations;

/// Sequences shown in the figure of frames.
const EXAMPLES: i64 = 4;

/// Judges world models on one world.
pub struct Judge<'a> {
    pub world: &'a Dots,
    pub probing: &'a ProbingSettings,
    /// Validation batches in an epoch of a probe, and in a score.
    pub batches_per_epoch: u64,
    pub batch_size: usize,
    pub seed: u64,
    /// Planning problems to solve, if any.
    pub mpcs: Option<usize>,
    /// Takes one step and scores one batch.
    pub quick: bool,
}

/// Everything that was found out, as it stands in `evaluation.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub epoch: f64,
    pub prediction: Score,
    pub encoding: Score,
    /// The baselines, best first; with several dots, those of all dots together.
    #[serde(rename = "baseline_scores")]
    pub baselines: Vec<Baseline>,
    /// Scores and baselines of every dot where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dots: Vec<DotScore>,
    #[serde(default)]
    pub diagnostics: Health,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planning: Option<Planning>,
}

/// What an evaluation has to show.
pub struct Shown {
    pub examples: Vec<Example>,
    pub problems: Vec<ShownProblem>,
}

/// What a solver found.
struct Found {
    prediction: Score,
    encoding: Score,
    read: Read,
    noise_r2: Option<f64>,
}

/// What the prediction probe is needed for beyond its score.
#[derive(Default)]
struct Read {
    examples: Vec<Example>,
    planned: Option<Planned>,
}

/// A sequence with what was read of the first dot from the predictions, positions `[T]` as (x, y) in pixels.
pub struct Example {
    /// Channels are summed.
    pub frames: Vec<Vec<f32>>,
    pub truth: Vec<(f32, f32)>,
    pub probed: Vec<(f32, f32)>,
    /// The frames as the model imagines them after the first, if it decodes any.
    pub imagined: Option<Vec<Vec<f32>>>,
}

impl Judge<'_> {
    /// Fits and scores both probes. The model is left as it was.
    ///
    /// # Errors
    /// [`crate::training::Interrupted`] when `progress` asks for it.
    pub fn evaluate(
        &self,
        model: &dyn WorldModel,
        epoch: f64,
        progress: &dyn Progress,
    ) -> Result<(Evaluation, Shown)> {
        let Found { prediction, encoding, read, noise_r2 } = match self.probing.solver_in_use() {
            Solver::Ridge => self.by_ridge(model, progress)?,
            Solver::Adam => self.by_adam(model, progress)?,
        };
        let roles = self.world.roles();
        let of_dots = baselines(self.world, "score", self.scored_batches(), model.burn_in());
        let (baselines, dots) = (together(&of_dots), dot_scores(roles, &prediction, &encoding, &of_dots));
        let diagnostics = Health::of(self.world, model, noise_r2)?;
        let Read { examples, planned } = read;
        let (planning, problems) = planned.map(|planned| (planned.planning, planned.trips)).unzip();
        let evaluation = Evaluation { epoch, prediction, encoding, baselines, dots, diagnostics, planning };
        Ok((evaluation, Shown { examples, problems: problems.unwrap_or_default() }))
    }

    fn by_ridge(&self, model: &dyn WorldModel, progress: &dyn Progress) -> Result<Found> {
        let (prediction, encoding, noise_r2) = no_grad(|| self.solve(model, progress))?;
        let scores =
            self.score(model, &[(&prediction, Part::Prediction), (&encoding, Part::Encoding)], progress)?;
        let [predicted, encoded] = scores.try_into().expect("one score for each probe");
        let read = self.read(model, &prediction, progress)?;
        Ok(Found { prediction: predicted, encoding: encoded, read, noise_r2 })
    }

    /// Both probes from the normal equations of the same fresh sequences, and what these tell of the fixed noise.
    fn solve(&self, model: &dyn WorldModel, progress: &dyn Progress) -> Result<(Probe, Probe, Option<f64>)> {
        let (prediction, encoding) = (self.probe(model, "prediction")?, self.probe(model, "encoding")?);
        let device = model.parameters().device();
        let targets = 2 * self.dots();
        let equations = || NormalEquations::new(model.embedding(), targets, self.probing.bias, device);
        let (mut all, mut first) = (equations(), equations());
        let count = self.ridge_batches();
        let mut noise = NoiseProbe::new(self.world, "ridge", count, model.embedding(), device);
        for (index, batch) in (0..).zip(batches(self.world, "ridge", count, model)) {
            progress.update("solving the probes", index, count)?;
            let batch = batch?;
            let seen = encodings(model, &batch, Part::Prediction, Mode::Evaluate);
            all.add(&seen.flatten(0, 1), &batch.locations.reshape([-1, targets]));
            first.add(&seen.get(0), &batch.locations.get(0).reshape([-1, targets]));
            noise.add(index, &seen.get(0));
        }
        for (probe, equations) in [(&prediction, all), (&encoding, first)] {
            let (weight, bias) = equations.solve()?;
            let bias = bias.map(|bias| ("probe.0.bias".to_owned(), bias));
            let weight = ("probe.0.weight".to_owned(), weight);
            probe.parameters.assign(&std::iter::once(weight).chain(bias).collect())?;
        }
        Ok((prediction, encoding, noise.r2()?))
    }

    fn ridge_batches(&self) -> u64 {
        if self.quick { 1 } else { self.probing.ridge_sequences.div_ceil(self.batch_size) as u64 }
    }

    fn by_adam(&self, model: &dyn WorldModel, progress: &dyn Progress) -> Result<Found> {
        let (prediction, read) = self.by_adam_on(model, Part::Prediction, self.probing.epochs, progress)?;
        let (encoding, _) = self.by_adam_on(model, Part::Encoding, self.probing.epochs_enc, progress)?;
        let noise_r2 = no_grad(|| self.noise_r2(model, progress))?;
        Ok(Found { prediction, encoding, read, noise_r2 })
    }

    fn by_adam_on(
        &self,
        model: &dyn WorldModel,
        part: Part,
        epochs: usize,
        progress: &dyn Progress,
    ) -> Result<(Score, Read)> {
        let probe = self.probe(model, if part == Part::Prediction { "prediction" } else { "encoding" })?;
        let steps = if self.quick { 1 } else { epochs as u64 * self.batches_per_epoch };
        let fine_tune = self.probing.full_finetune;
        let untouched = fine_tune.then(|| copies(model));
        let result = (|| {
            fit(self, model, &probe, Lesson { part, steps, rate: self.probing.lr, fine_tune }, progress)?;
            let scores = self.score(model, &[(&probe, part)], progress)?;
            let read = match part {
                Part::Prediction => self.read(model, &probe, progress)?,
                Part::Encoding => Read::default(),
            };
            Ok((scores[0].clone(), read))
        })();
        if let Some(before) = untouched {
            model.parameters().assign(&before)?;
        }
        result
    }

    /// The noise probe on sequences of its own.
    fn noise_r2(&self, model: &dyn WorldModel, progress: &dyn Progress) -> Result<Option<f64>> {
        if !self.world.has_fixed_overlay() {
            return Ok(None);
        }
        let (count, device) = (self.ridge_batches(), model.parameters().device());
        let mut noise = NoiseProbe::new(self.world, "ridge", count, model.embedding(), device);
        for (index, batch) in (0..).zip(batches(self.world, "ridge", count, model)) {
            progress.update("solving the noise probe", index, count)?;
            noise.add(index, &encodings(model, &batch?, Part::Encoding, Mode::Evaluate).get(0));
        }
        noise.r2()
    }

    fn read(&self, model: &dyn WorldModel, probe: &Probe, progress: &dyn Progress) -> Result<Read> {
        let planned = self.mpcs.map(|count| {
            let problems = Problems::draw(self.world, model, count, self.seed)?;
            plan(self.world, model, probe, &problems, self.seed, progress)
        });
        Ok(Read { examples: self.examples(model, probe)?, planned: planned.transpose()? })
    }

    fn probe(&self, model: &dyn WorldModel, name: &str) -> Result<Probe> {
        let shape = ProbeShape {
            embedding: model.embedding(),
            dots: self.dots(),
            hidden: &self.probing.prober_arch,
            bias: self.probing.bias,
        };
        let seed = umwelt_base::random::Stream::new(self.seed, &format!("{name} probe")).at(&[]).bits();
        Probe::new(&shape, model.parameters().device(), seed)
    }

    fn dots(&self) -> i64 {
        self.world.roles().len() as i64
    }

    fn scored_batches(&self) -> u64 {
        if self.quick { 1 } else { self.batches_per_epoch }
    }

    /// The scores of frozen probes over the same sequences, which no probe was fitted on.
    fn score(
        &self,
        model: &dyn WorldModel,
        probes: &[(&Probe, Part)],
        progress: &dyn Progress,
    ) -> Result<Vec<Score>> {
        let needed = probes.iter().map(|(_, part)| *part).find(|part| *part == Part::Prediction);
        let mut errors: Vec<_> = probes.iter().map(|_| SquaredErrors::default()).collect();
        let count = self.scored_batches();
        for (index, batch) in (0..).zip(batches(self.world, "score", count, model)) {
            progress.update("scoring", index, count)?;
            let batch = batch?;
            no_grad(|| {
                let seen = encodings(model, &batch, needed.unwrap_or(Part::Encoding), Mode::Evaluate);
                for ((probe, part), errors) in probes.iter().zip(&mut errors) {
                    let frames = part.frames(seen.size()[0]);
                    let guesses = probe.forward(&seen.narrow(0, 0, frames), Mode::Evaluate);
                    errors.add(&guesses, &batch.locations.narrow(0, 0, frames));
                }
            });
        }
        let units = self.world.normalisation();
        Ok(errors.iter().map(|errors| errors.score(|squared| units.pixels_squared(squared))).collect())
    }

    /// The first scored sequences with all their scored frames and what the prediction probe says of them.
    fn examples(&self, model: &dyn WorldModel, probe: &Probe) -> Result<Vec<Example>> {
        let host = self.world.batch("score", 0, self.world.frames());
        let shown = model.burn_in();
        let batch = scored(Trajectories::new(&host, model.parameters().device())?, shown);
        let seen = no_grad(|| features::seen(model, &batch, Mode::Evaluate));
        let read =
            |seen| probe.forward(&features::imagined(model, &batch, seen, Mode::Evaluate), Mode::Evaluate);
        let probed = no_grad(|| read(&seen));
        let count = EXAMPLES.min(batch.actions.size()[1]);
        let first = |x: &Tensor| x.narrow(1, 0, count);
        let imagined = no_grad(|| model.imagine(&first(&seen), &first(&batch.actions), batch.index));
        let pixels = |x: &Tensor, b: i64| self.in_pixels(&x.select(1, b).select(1, 0));
        let example = |b: i64| {
            Ok(Example {
                frames: frames(&batch.states, b)?.split_off(shown - 1),
                truth: pixels(&batch.locations, b)?,
                probed: pixels(&probed, b)?,
                imagined: imagined.as_ref().map(|images| frames(images, b)).transpose()?,
            })
        };
        (0..count).map(example).collect()
    }

    fn in_pixels(&self, positions: &Tensor) -> Result<Vec<(f32, f32)>> {
        let units = self.world.normalisation();
        let pixels = positions.to_kind(Kind::Double) * units.location_unit + units.location_centre;
        let rows = Vec::<Vec<f32>>::try_from(pixels.to_kind(Kind::Float).to_device(Device::Cpu))?;
        Ok(rows.into_iter().map(|row| (row[0], row[1])).collect())
    }
}

/// The frames of sequence `b` among images `[T, B, C, 28, 28]` with their channels summed, a row of pixels each.
fn frames(images: &Tensor, b: i64) -> Result<Vec<Vec<f32>>> {
    let summed = images.select(1, b).sum_dim_intlist([1].as_slice(), false, Kind::Float);
    Ok(Vec::<Vec<f32>>::try_from(summed.flatten(1, 2).to_device(Device::Cpu))?)
}

fn copies(model: &dyn WorldModel) -> HashMap<String, Tensor> {
    no_grad(|| model.parameters().named().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect())
}
