//! Evaluation as a job: a checkpoint of a finished run is evaluated again.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::checkpoints::start_from;
use super::experiment::LOAD_CHECKPOINT;
use super::trainer::record_of;
use super::{Job, Session, Task};
use crate::runs::Inputs;

/// Evaluates the model in a checkpoint.
pub struct Evaluation<T> {
    task: T,
    checkpoint: PathBuf,
}

impl<T: Task> Evaluation<T> {
    /// The evaluation of the checkpoint under `load_checkpoint_path`, whose model `task` has.
    ///
    /// # Errors
    /// When `inputs` has no such checkpoint.
    pub fn new(task: T, inputs: &Inputs) -> Result<Self> {
        let checkpoint = inputs.checkpoint(LOAD_CHECKPOINT).context("there is no checkpoint to evaluate")?;
        Ok(Self { task, checkpoint: checkpoint.to_owned() })
    }
}

impl<T: Task> Job for Evaluation<T> {
    fn title(&self) -> String {
        format!("evaluation | {}", self.task.title())
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let step = start_from(&mut self.task, &self.checkpoint)?;
        session.run.resume_at(step)?;
        session.run.update(|status| status.steps = step)?;
        if session.is_evaluated(step)? {
            return Ok(None);
        }
        let epoch = self.task.plan().epoch(step);
        let evaluated = session.evaluate(&self.task, epoch)?;
        let scores = evaluated.scores()?;
        let mut record = record_of(step, epoch);
        record.extend(scores.clone());
        session.write_evaluation(evaluated, &[])?;
        session.run.update(|status| status.scores = scores)?;
        session.run.append(record)?;
        Ok(None)
    }
}
