//! Training as a job: steps, clocks, checkpoints and guards around a task.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::checkpoints::{newest_checkpoint, start_from};
use super::clock::Clock;
use super::experiment::LOAD_CHECKPOINT;
use super::pending::Pending;
use super::plan::Plan;
use super::{Job, Session, Step, Task};
use crate::checkpoints::Checkpoint;
use crate::nn::not_finite;
use crate::objectives::scalars::Scalars;
use crate::runs::{
    Inputs, Record, SCORE, StepProgress, best_checkpoint_path, checkpoint_path, is_stop_requested,
    prune_checkpoints,
};
use crate::sweeps::Pruner;
use umwelt_base::stop::Interrupted;

/// Trains a task from the newest checkpoint of a run, or from the start.
pub struct Training<T> {
    task: T,
    plan: Plan,
    /// The checkpoint whose model a new run starts from.
    start_from: Option<PathBuf>,
}

impl<T: Task> Training<T> {
    /// The training of `task`, from the checkpoint under `load_checkpoint_path` if there is one.
    pub fn new(task: T, inputs: &Inputs) -> Self {
        let start_from = inputs.checkpoint(LOAD_CHECKPOINT).map(Path::to_owned);
        Self { plan: task.plan(), task, start_from }
    }

    pub fn task(&self) -> &T {
        &self.task
    }

    /// Makes the training end after `steps` steps. A run that has taken as many goes on if they are
    /// more.
    pub fn end_after(&mut self, steps: u64) {
        self.plan.steps = steps;
    }
}

impl<T: Task> Job for Training<T> {
    fn title(&self) -> String {
        format!("{} | {} parameters", self.task.title(), self.task.parameters().count())
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        if let Some(path) = &self.start_from {
            start_from(&mut self.task, path)?;
        }
        Trainer::new(&mut self.task, self.plan, session)?.train()
    }
}

/// The state of a running training.
struct Trainer<'a, 's, T: Task> {
    task: &'a mut T,
    plan: Plan,
    session: &'a mut Session<'s>,
    pruner: Option<Pruner>,
    pending: Pending,
    /// Diagnostics of the current step if it is logged. They are read in the same step, so no
    /// checkpoint holds them.
    observed: Scalars,
    lr: Option<f64>,
    step: u64,
    best: Option<f64>,
    last_loss: Option<f64>,
    /// Diagnostics that are not finite and were warned of.
    warned: HashSet<String>,
    clock: Clock,
}

impl<'a, 's, T: Task> Trainer<'a, 's, T> {
    fn new(task: &'a mut T, plan: Plan, session: &'a mut Session<'s>) -> Result<Self> {
        let mut pending = Pending::default();
        let run = &mut session.run;
        let step = match newest_checkpoint(run, session.console) {
            Some(checkpoint) => {
                let does_not_fit = || format!("the checkpoint of {} does not fit", run.path().display());
                task.restore(&checkpoint).with_context(does_not_fit)?;
                pending.restore(checkpoint.part("trainer").get("pending"));
                checkpoint.step
            }
            None => 0,
        };
        if step > 0 {
            session.console.say(&format!("going on from step {step} of {}", plan.steps));
        }
        run.resume_at(step)?;
        let best = run.records()?.iter().filter_map(score).min_by(f64::total_cmp);
        let pruner = Pruner::of(run.path())?;
        Ok(Self {
            task,
            plan,
            session,
            pruner,
            pending,
            observed: Scalars::default(),
            lr: None,
            step,
            best,
            last_loss: None,
            warned: HashSet::new(),
            clock: Clock::start(step),
        })
    }

    /// Trains to the end. Returns the reason if early stopping ends the run.
    ///
    /// # Errors
    /// [`Interrupted`] after a signal or by the file `stop`, when a checkpoint is written; a loss
    /// that is not finite; a full disk.
    fn train(mut self) -> Result<Option<String>> {
        self.session.run.update(|status| status.steps = self.plan.steps)?;
        let ends = self.evaluate_if_due()?;
        if let Some(reason) = ends.or(self.out_of_patience(&self.session.run.records()?)) {
            return Ok(Some(reason));
        }
        for batch in self.task.batches(self.step..self.plan.steps) {
            self.take_step(batch)?;
            if let Some(reason) = self.log_if_due()? {
                self.checkpoint()?;
                return Ok(Some(reason));
            }
            let asked = self.is_asked_to_stop();
            if self.plan.checkpoints_at(self.step) || self.session.stop.is_requested() || asked {
                self.checkpoint()?;
                self.session.stop.check()?;
            }
            if asked {
                return Err(Interrupted.into());
            }
            if let Some(reason) = self.evaluate_if_due()? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    /// True at a logged step if the run folder holds the file `stop`.
    fn is_asked_to_stop(&self) -> bool {
        self.plan.logs_at(self.step) && is_stop_requested(self.session.run.path())
    }

    fn take_step(&mut self, batch: T::Batch) -> Result<()> {
        let observe = self.plan.logs_at(self.step + 1);
        let Step { report, observed, lr } = self.task.step(self.step, batch, observe)?;
        self.pending.push(&report);
        (self.observed, self.lr) = (observed, lr);
        self.step += 1;
        self.session.run.at_step(self.step);
        Ok(())
    }

    fn log_if_due(&mut self) -> Result<Option<String>> {
        if !self.plan.logs_at(self.step) {
            return Ok(None);
        }
        self.pending.check(self.step)?;
        self.check_model()?;
        let mut record = self.record();
        record.extend(self.lr.map(|lr| ("lr".to_owned(), lr.into())));
        for (name, value) in self.pending.take_means()? {
            if name == "loss" {
                self.last_loss = Some(value);
            }
            record.insert(name.into(), value.into());
        }
        let observed = self.observed.read()?;
        self.warn_of_diagnostics(&observed);
        record.extend(observed.into_iter().map(|(name, value)| (name, value.into())));
        let ends = self.append(record)?;
        self.show_progress()?;
        Ok(ends)
    }

    /// # Errors
    /// Names a tensor of the model that is not finite. The loss can stay finite for long in that
    /// case.
    fn check_model(&self) -> Result<()> {
        let named = self.task.parameters().named();
        let Some((name, what)) = not_finite(&named) else { return Ok(()) };
        bail!(
            "tensor `{name}` of the model became {what} by step {}; a lower learning rate may help",
            self.step
        )
    }

    /// Warns once of each diagnostic that is not finite. It is logged as null.
    fn warn_of_diagnostics(&mut self, observed: &[(String, f64)]) {
        for (name, value) in observed.iter().filter(|(_, value)| !value.is_finite()) {
            if self.warned.insert(name.clone()) {
                let step = self.step;
                self.session
                    .console
                    .warn(&format!("`{name}` is {value} at step {step}; it is logged as null"));
            }
        }
    }

    /// Logs `record`. Returns the reason if early stopping ends the run at this step, which must
    /// not be the last.
    fn append(&mut self, record: Record) -> Result<Option<String>> {
        let epoch = self.plan.epoch(self.step);
        let pruner = self.pruner.as_ref().filter(|_| self.step < self.plan.steps);
        let ends = pruner.map(|pruner| pruner.should_stop(epoch, &record)).transpose()?.flatten();
        let Session { run, console, .. } = &mut *self.session;
        run.append(record)?;
        run.take_warnings().iter().for_each(|warning| console.warn(warning));
        Ok(ends)
    }

    fn show_progress(&mut self) -> Result<()> {
        let steps_per_second = self.clock.lap(self.step);
        let sequences_per_second = steps_per_second * self.task.batch_size() as f64;
        let left = Duration::from_secs_f64((self.plan.steps - self.step) as f64 / steps_per_second.max(1e-9));
        self.session.console.progress(StepProgress {
            step: self.step,
            steps: self.plan.steps,
            steps_per_epoch: self.plan.steps_per_epoch,
            loss: self.last_loss,
            sequences_per_second,
            left,
        });
        let (step, steps, seconds) = (self.step, self.plan.steps, self.clock.take());
        self.session.run.heartbeat(|status| {
            status.phase = "training".into();
            status.step = step;
            (status.phase_done, status.phase_steps) = (step, steps);
            status.training_seconds += seconds;
            status.sequences_per_second = Some(sequences_per_second);
            status.left_seconds = Some(left.as_secs_f64());
        })
    }

    fn snapshot(&self) -> Checkpoint {
        let pending = self.pending.to_tensor().map(|rows| ("trainer.pending".to_owned(), rows));
        Checkpoint { step: self.step, tensors: self.task.state().into_iter().chain(pending).collect() }
    }

    /// # Errors
    /// The loss, the model or the optimiser is not finite. The last good checkpoint is kept then.
    fn checkpoint(&mut self) -> Result<()> {
        self.pending.check(self.step)?;
        let run = self.session.run.path();
        self.snapshot().save(&checkpoint_path(run, self.step))?;
        prune_checkpoints(run);
        Ok(())
    }

    fn evaluate_if_due(&mut self) -> Result<Option<String>> {
        if !self.plan.evaluates_at(self.step) || self.session.is_evaluated(self.step)? {
            return Ok(None);
        }
        self.evaluate()
    }

    fn evaluate(&mut self) -> Result<Option<String>> {
        self.session.run.at_step(self.step);
        let evaluated = self.session.evaluate(self.task, self.plan.epoch(self.step))?;
        let (scores, mut record) = (evaluated.scores()?, self.record());
        record.extend(scores.clone());
        let records: Vec<Record> = self.session.run.records()?.into_iter().chain([record.clone()]).collect();
        self.session.write_evaluation(evaluated, &self.task.figures(&records))?;
        let score = score(&record).unwrap_or(f64::NAN);
        if self.best.is_none_or(|best| best.is_nan() || score < best) {
            self.best = Some(score);
            self.snapshot().save(&best_checkpoint_path(self.session.run.path()))?;
        }
        self.session.run.update(|status| status.scores = scores)?;
        let ends = self.append(record)?;
        self.clock = Clock::start(self.step);
        Ok(ends.or(self.out_of_patience(&records)))
    }

    /// The reason to end after the evaluations in `records`, if the last ones were no better.
    fn out_of_patience(&self, records: &[Record]) -> Option<String> {
        let scores: Vec<f64> = records.iter().filter_map(score).collect();
        let best = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let best_at = scores.iter().position(|score| *score <= best)?;
        let since = scores.len() - 1 - best_at;
        let patience =
            self.plan.patience.filter(|patience| since >= *patience && self.step < self.plan.steps)?;
        Some(format!("no better score in {patience} evaluations"))
    }

    fn record(&self) -> Record {
        record_of(self.step, self.plan.epoch(self.step))
    }
}

/// The start of a line of the metrics.
pub fn record_of(step: u64, epoch: f64) -> Record {
    Record::from_iter([("step".into(), step.into()), ("epoch".into(), epoch.into())])
}

/// The score in a line of the metrics, if the line is of an evaluation.
pub fn score(record: &Record) -> Option<f64> {
    record.get(SCORE).and_then(Value::as_f64)
}

#[cfg(test)]
mod tests;
