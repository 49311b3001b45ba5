//! The evaluation of a world model: probes, baselines, diagnostics and plans on fresh sequences.

use std::collections::HashMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::{Tensor, no_grad};

use super::adam::{self, ProbeFit};
use super::baselines::{Baseline, baselines};
use super::content::{Content, Found, STREAM};
use super::diagnostics::RepresentationDiagnostics;
use super::dot_scores::{DotScore, dot_scores, together};
use super::errors::{Score, SquaredErrors};
use super::example::{Example, examples};
use super::features::{ProbeTarget, batches, encodings};
use super::planning::{Planned, Planning, Problems, ShownProblem, plan};
use super::probe::{Probe, ProbeShape};
use super::ridge;
use super::settings::{ProbingSettings, Solver};
use crate::nn::Mode;
use crate::runs::Progress;
use crate::worlds::dots::data::Dots;
use crate::worlds::dots::models::WorldModel;

/// The evaluation of world models on one world.
pub struct Evaluator<'a> {
    pub world: &'a Dots,
    pub probing: &'a ProbingSettings,
    /// Validation batches in one epoch of a probe and in one score.
    pub batches_per_epoch: u64,
    pub batch_size: usize,
    pub seed: u64,
    /// The number of planning problems; `None` skips planning.
    pub planning_problems: Option<usize>,
    /// Fits each probe by one step and scores it on one batch.
    pub quick: bool,
}

/// All results of one evaluation, as written to `evaluation.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub epoch: f64,
    pub prediction: Score,
    pub encoding: Score,
    /// The baselines, best first; with several dots, those of all dots together.
    #[serde(rename = "baseline_scores")]
    pub baselines: Vec<Baseline>,
    /// Scores and baselines of each dot; empty for a single dot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dots: Vec<DotScore>,
    #[serde(default)]
    pub diagnostics: RepresentationDiagnostics,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planning: Option<Planning>,
}

/// The sequences and planning problems that the figures of an evaluation draw.
pub struct EvaluationExamples {
    pub sequences: Vec<Example>,
    pub problems: Vec<ShownProblem>,
}

/// The results of fitting both probes by one solver.
struct ProbeScores {
    prediction: Score,
    encoding: Score,
    readouts: ProbeReadouts,
    found: Found,
}

/// Further results that need the fitted prediction probe; both are empty for the encoding probe.
#[derive(Default)]
struct ProbeReadouts {
    examples: Vec<Example>,
    planned: Option<Planned>,
}

impl Evaluator<'_> {
    /// Fits and scores both probes, and leaves the model's tensors as they were.
    ///
    /// # Errors
    /// [`crate::training::Interrupted`] when `progress` asks for it.
    pub fn evaluate(
        &self,
        model: &dyn WorldModel,
        epoch: f64,
        progress: &dyn Progress,
    ) -> Result<(Evaluation, EvaluationExamples)> {
        let ProbeScores { prediction, encoding, readouts, found } = match self.probing.solver_in_use() {
            Solver::Ridge => self.fit_by_ridge(model, progress)?,
            Solver::Adam => self.fit_by_adam(model, progress)?,
        };
        let roles = self.world.roles();
        let of_dots = baselines(self.world, "score", self.scored_batches(), model.burn_in())?;
        let (baselines, dots) = (together(&of_dots), dot_scores(roles, &prediction, &encoding, &of_dots));
        let diagnostics = RepresentationDiagnostics::of(self.world, model, found)?;
        let ProbeReadouts { examples, planned } = readouts;
        let (planning, problems) = planned.map(|planned| (planned.planning, planned.trips)).unzip();
        let evaluation = Evaluation { epoch, prediction, encoding, baselines, dots, diagnostics, planning };
        Ok((evaluation, EvaluationExamples { sequences: examples, problems: problems.unwrap_or_default() }))
    }

    /// Both probes by least squares.
    fn fit_by_ridge(&self, model: &dyn WorldModel, progress: &dyn Progress) -> Result<ProbeScores> {
        let [prediction, encoding] =
            [self.probe(model, ProbeTarget::Prediction)?, self.probe(model, ProbeTarget::Encoding)?];
        let (probes, bias, count) = ([&prediction, &encoding], self.probing.bias, self.ridge_batches());
        let mut content = Content::new(self.world, count, model);
        let found = no_grad(|| {
            ridge::fit(self.world, model, probes, bias, count, Some(&mut content), progress)?;
            content.solve()
        })?;
        let targets = [(&prediction, ProbeTarget::Prediction), (&encoding, ProbeTarget::Encoding)];
        let scores = self.score(model, &targets, progress)?;
        let [predicted, encoded] = scores.try_into().expect("one score for each probe");
        let readouts = self.readouts(model, &prediction, progress)?;
        Ok(ProbeScores { prediction: predicted, encoding: encoded, readouts, found })
    }

    fn ridge_batches(&self) -> u64 {
        if self.quick { 1 } else { self.probing.ridge_sequences.div_ceil(self.batch_size) as u64 }
    }

    /// Both probes by gradient steps, one after the other.
    fn fit_by_adam(&self, model: &dyn WorldModel, progress: &dyn Progress) -> Result<ProbeScores> {
        let (prediction, readouts) = self.fit_one_by_adam(model, ProbeTarget::Prediction, progress)?;
        let (encoding, _) = self.fit_one_by_adam(model, ProbeTarget::Encoding, progress)?;
        let found = no_grad(|| self.content(model, progress))?;
        Ok(ProbeScores { prediction, encoding, readouts, found })
    }

    /// One probe by gradient steps; a model that was fine-tuned for it gets its tensors back.
    fn fit_one_by_adam(
        &self,
        model: &dyn WorldModel,
        target: ProbeTarget,
        progress: &dyn Progress,
    ) -> Result<(Score, ProbeReadouts)> {
        let before = self.probing.full_finetune.then(|| copies(model));
        let result = self.fit_and_score(model, target, progress);
        if let Some(before) = before {
            model.parameters().assign(&before)?;
        }
        result
    }

    fn fit_and_score(
        &self,
        model: &dyn WorldModel,
        target: ProbeTarget,
        progress: &dyn Progress,
    ) -> Result<(Score, ProbeReadouts)> {
        let probe = self.probe(model, target)?;
        adam::fit(self.world, model, &probe, self.probe_fit(target), progress)?;
        let scores = self.score(model, &[(&probe, target)], progress)?;
        let readouts = match target {
            ProbeTarget::Prediction => self.readouts(model, &probe, progress)?,
            ProbeTarget::Encoding => ProbeReadouts::default(),
        };
        Ok((scores[0].clone(), readouts))
    }

    fn probe_fit(&self, target: ProbeTarget) -> ProbeFit {
        let epochs = match target {
            ProbeTarget::Prediction => self.probing.epochs,
            ProbeTarget::Encoding => self.probing.epochs_enc,
        };
        let steps = if self.quick { 1 } else { epochs as u64 * self.batches_per_epoch };
        ProbeFit { target, steps, lr: self.probing.lr, fine_tune: self.probing.full_finetune }
    }

    /// What linear maps find, on sequences read for them alone.
    fn content(&self, model: &dyn WorldModel, progress: &dyn Progress) -> Result<Found> {
        if !self.world.has_fixed_distractor() && model.parts().is_empty() {
            return Ok(Found::default());
        }
        let count = self.ridge_batches();
        let mut content = Content::new(self.world, count, model);
        for (index, batch) in (0..).zip(batches(self.world, STREAM, count, model)) {
            progress.update("solving the noise probe", index, count)?;
            let batch = batch?;
            let encoded = encodings(model, &batch, ProbeTarget::Encoding, Mode::Evaluate);
            content.add(index, &encoded.get(0), &batch.locations.get(0))?;
        }
        content.solve()
    }

    fn readouts(
        &self,
        model: &dyn WorldModel,
        probe: &Probe,
        progress: &dyn Progress,
    ) -> Result<ProbeReadouts> {
        let planned = self.planning_problems.map(|count| {
            let problems = Problems::draw(self.world, model, count, self.seed)?;
            plan(self.world, model, probe, &problems, self.seed, progress)
        });
        Ok(ProbeReadouts { examples: examples(self.world, model, probe)?, planned: planned.transpose()? })
    }

    /// A new probe, with initial weights that follow from the seed and the target.
    fn probe(&self, model: &dyn WorldModel, target: ProbeTarget) -> Result<Probe> {
        let shape = ProbeShape {
            embedding: model.embedding(),
            dots: self.world.roles().len() as i64,
            hidden: &self.probing.prober_arch,
            bias: self.probing.bias,
        };
        let stream = format!("{} probe", target.name());
        let seed = umwelt_base::random::Stream::new(self.seed, &stream).at(&[]).bits();
        Probe::new(&shape, model.parameters().device(), seed)
    }

    fn scored_batches(&self) -> u64 {
        if self.quick { 1 } else { self.batches_per_epoch }
    }

    /// The scores of fitted probes, all over the same sequences, which no probe was fitted on.
    fn score(
        &self,
        model: &dyn WorldModel,
        probes: &[(&Probe, ProbeTarget)],
        progress: &dyn Progress,
    ) -> Result<Vec<Score>> {
        let rolls_out = probes.iter().any(|(_, target)| *target == ProbeTarget::Prediction);
        let needed = if rolls_out { ProbeTarget::Prediction } else { ProbeTarget::Encoding };
        let mut errors: Vec<_> = probes.iter().map(|_| SquaredErrors::default()).collect();
        let count = self.scored_batches();
        for (index, batch) in (0..).zip(batches(self.world, "score", count, model)) {
            progress.update("scoring", index, count)?;
            let batch = batch?;
            no_grad(|| {
                let encoded = encodings(model, &batch, needed, Mode::Evaluate);
                for ((probe, target), errors) in probes.iter().zip(&mut errors) {
                    let frames = target.frames(encoded.size()[0]);
                    let positions = probe.forward(&encoded.narrow(0, 0, frames), Mode::Evaluate);
                    errors.add(&positions, &batch.locations.narrow(0, 0, frames));
                }
            });
        }
        let units = self.world.normalisation();
        errors.iter().map(|errors| errors.score(|squared| units.pixels_squared(squared))).collect()
    }
}

/// Copies of all tensors of a model, by name.
fn copies(model: &dyn WorldModel) -> HashMap<String, Tensor> {
    no_grad(|| model.parameters().named().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect())
}
