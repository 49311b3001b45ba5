//! The training loop. It drives a task and knows no model by name.

mod checkpoints;
mod clock;
mod figures;
mod pending;
mod plan;
mod prefetch;
mod shuffle;
mod trainer;

use std::ops::Range;

use anyhow::Result;

pub use checkpoints::load_model_tensors;
pub use figures::{loss_terms, points};
pub use plan::Plan;
pub use prefetch::Prefetch;
pub use shuffle::Shuffle;
pub use trainer::Trainer;

use crate::charts::Figure;
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::objectives::scalars::Scalars;
use crate::optim::Optimiser;
use crate::runs::{Record, ScoreCard, Watch};

/// Something that can be trained: it has batches, a loss, parameters and an evaluation.
pub trait Task {
    type Batch: Send + 'static;

    /// When training logs, keeps checkpoints and is judged.
    fn plan(&self) -> Plan;

    /// What is learnt, for headings: `one dot, changing noise 1.0` and the like.
    fn title(&self) -> String;

    /// Makes the batches of these steps ahead of time; batch n is a function of the seed and n alone.
    fn batches(&self, steps: Range<u64>) -> Prefetch<Self::Batch>;

    /// Sequences in a batch.
    fn batch_size(&self) -> usize;

    /// Leaves the gradient of what training minimises on one batch with the parameters; with `observe`, what else there is to
    /// say of it is said too.
    fn differentiate(&self, batch: Self::Batch, observe: bool) -> Result<Loss>;

    fn parameters(&self) -> &Parameters;

    fn optimiser(&self) -> Box<dyn Optimiser>;

    /// What follows each step of the optimiser.
    fn after_step(&self) {}

    /// The learning rate of a step.
    fn rate(&self, step: u64) -> f64;

    /// Judges the parameters as they are, and leaves them and all random streams untouched.
    ///
    /// # Errors
    /// [`umwelt_base::stop::Interrupted`] when `watch` asks for it.
    fn evaluate(&self, epoch: f64, watch: &dyn Watch) -> Result<Evaluated>;

    /// Figures of the whole run, from its metrics.
    fn figures(&self, records: &[Record]) -> Vec<(&'static str, Figure)>;
}

/// A loss on one batch.
pub struct Loss {
    pub report: LossReport,
    /// What was asked for beside it: logged, and nothing more.
    pub observed: Scalars,
}

/// The JSON object of a report.
///
/// # Errors
/// When `report` is no struct or map.
pub fn object(report: &impl serde::Serialize) -> Result<Record> {
    Ok(serde_json::from_value(serde_json::to_value(report)?)?)
}

/// The results of an evaluation.
pub struct Evaluated {
    /// The scores and baselines; checkpoints are compared by the first score of the headline.
    pub card: ScoreCard,
    /// Details for `evaluation.json` beside the card.
    pub report: Record,
    /// The scores for a person to read.
    pub table: String,
    pub figures: Vec<(&'static str, Figure)>,
}
