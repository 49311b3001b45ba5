//! Jobs, stages and the training loop. They know no world and no model by name.

mod checkpoints;
mod clock;
mod evaluation;
mod experiment;
mod figures;
mod gradient_descent;
mod job;
mod launch;
mod pending;
mod plan;
mod prefetch;
mod settings;
mod shuffle;
mod trainer;
mod world;

use std::ops::Range;

use anyhow::{Context, Result};
use tch::Tensor;

pub use checkpoints::load_model_tensors;
pub use evaluation::Evaluation;
pub use experiment::{AUTO, Experiment, InputSetting, LOAD_CHECKPOINT, Stage, Work, inputs};
pub use figures::{loss_terms, points};
pub use gradient_descent::GradientDescent;
pub use job::{Job, Session};
pub use launch::Launch;
pub use plan::Plan;
pub use prefetch::Prefetch;
pub use settings::RunKeys;
pub use shuffle::Shuffle;
pub use trainer::Training;
pub use world::World;

use crate::charts::{Figure, Table};
use crate::checkpoints::Checkpoint;
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::objectives::scalars::Scalars;
use crate::runs::{Progress, Record, SCORE, Score, ScoreCard};

/// A model with the data and the evaluation of its training.
pub trait Task {
    type Batch: Send + 'static;

    /// The steps at which training logs, writes checkpoints and evaluates.
    fn plan(&self) -> Plan;

    /// The subject of the run, for headings: `one dot, changing noise 1.0`.
    fn title(&self) -> String;

    /// The batches of these steps, made ahead of time. Batch n is a function of the seed and n
    /// alone.
    fn batches(&self, steps: Range<u64>) -> Prefetch<Self::Batch>;

    /// Sequences in a batch.
    fn batch_size(&self) -> usize;

    /// Learns from the batch of step `step`, counted from 0. With `observe`, diagnostics are
    /// computed too.
    ///
    /// # Errors
    /// When the step cannot be taken.
    fn step(&mut self, step: u64, batch: Self::Batch, observe: bool) -> Result<Step>;

    /// The parameters of the model.
    fn parameters(&self) -> &Parameters;

    /// The gradient descent that trains the parameters.
    fn descent(&self) -> &GradientDescent;

    /// All tensors that are needed to continue training: `model.*` and `optimiser.*`.
    fn state(&self) -> Vec<(String, Tensor)> {
        let part = |prefix: &'static str, tensors: Vec<(String, Tensor)>| {
            tensors.into_iter().map(move |(name, tensor)| (format!("{prefix}.{name}"), tensor))
        };
        part("model", self.parameters().named()).chain(part("optimiser", self.descent().state())).collect()
    }

    /// Restores the state of [`Self::state`].
    ///
    /// # Errors
    /// Names the tensor that is missing or has another shape.
    fn restore(&self, checkpoint: &Checkpoint) -> Result<()> {
        self.parameters().assign(&checkpoint.part("model"))?;
        self.descent().restore(&checkpoint.part("optimiser"))
    }

    /// Evaluates the model. The model and all random streams stay unchanged.
    ///
    /// # Errors
    /// [`umwelt_base::stop::Interrupted`] when `progress` asks for it.
    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated>;

    /// Figures of the whole run, from its metrics: the terms of the loss.
    fn figures(&self, records: &[Record]) -> Vec<(&'static str, Figure)> {
        loss_terms(records).map(|figure| ("loss_terms", figure)).into_iter().collect()
    }
}

/// The outcome of a training step.
pub struct Step {
    pub report: LossReport,
    /// Diagnostics, for the log only.
    pub observed: Scalars,
    /// The learning rate, where there is one.
    pub lr: Option<f64>,
}

/// The JSON object of a report.
///
/// # Errors
/// When `report` is neither a struct nor a map.
pub fn object(report: &impl serde::Serialize) -> Result<Record> {
    Ok(serde_json::from_value(serde_json::to_value(report)?)?)
}

/// The results of an evaluation.
pub struct Evaluated {
    /// The scores and baselines; checkpoints are compared by the first score of the headline.
    pub card: ScoreCard,
    /// Further entries of `evaluation.json`.
    pub report: Record,
    /// The scores as a table for a person.
    pub table: String,
    pub figures: Vec<(&'static str, Figure)>,
}

impl Evaluated {
    /// Scores with their table and nothing else; `headline` names the score that compares
    /// checkpoints.
    pub fn of_scores(scores: Vec<Score>, headline: &str, table: &Table) -> Self {
        Self {
            card: ScoreCard { scores, baselines: vec![], headline: vec![headline.into()] },
            report: Record::new(),
            table: table.to_string(),
            figures: vec![],
        }
    }

    /// The numbers for a line of the metrics: `score`, the first score of the headline (negated
    /// where higher is better), and all scores by name.
    ///
    /// # Errors
    /// When the card has no headline.
    pub fn scores(&self) -> Result<Record> {
        let headline = self.card.headlines().next().context("the evaluation has no headline score")?;
        let score = headline.goal.loss(headline.value);
        let mut scores = Record::from_iter([(SCORE.into(), score.into())]);
        scores.extend(self.card.numbers());
        Ok(scores)
    }
}
