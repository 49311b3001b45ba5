//! Steps, clocks, checkpoints and guards around a task.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tch::Tensor;

use super::checkpoints::newest_checkpoint;
use super::clock::Clock;
use super::pending::Pending;
use super::plan::Plan;
use super::{Evaluated, Loss, Task, object};
use crate::checkpoints::Checkpoint;
use crate::native::{clear_gradients, clip_gradients};
use crate::nn::not_finite;
use crate::objectives::scalars::Scalars;
use crate::optim::{Optimiser, restore};
use crate::runs::{
    Console, Progress, Record, RunFolder, SCORE, State, Vigil, best_checkpoint_path, checkpoint_path,
    prune_checkpoints, step_of,
};
use crate::sweeps::Pruner;
use umwelt_base::stop::{Interrupted, Stop};

/// A run under way.
pub struct Trainer<'a, T: Task> {
    task: &'a T,
    plan: Plan,
    run: &'a mut RunFolder,
    console: &'a mut Console,
    stop: &'a Stop,
    pruner: Option<Pruner>,
    trained: Vec<Tensor>,
    optimiser: Box<dyn Optimiser>,
    pending: Pending,
    /// Of the step just taken, where it is logged: it never outlives the step, so no checkpoint holds it.
    observed: Scalars,
    step: u64,
    best: Option<f64>,
    last_loss: Option<f64>,
    /// Diagnostics that the user knows not to be finite.
    warned: HashSet<String>,
    clock: Clock,
}

impl<'a, T: Task> Trainer<'a, T> {
    /// Sets out from the run's newest checkpoint, or from the start.
    pub fn new(
        task: &'a T,
        plan: Plan,
        run: &'a mut RunFolder,
        console: &'a mut Console,
        stop: &'a Stop,
    ) -> Result<Self> {
        let optimiser = task.optimiser();
        let mut pending = Pending::default();
        let step = match newest_checkpoint(run, console) {
            Some(checkpoint) => resume(&checkpoint, task, optimiser.as_ref(), &mut pending)
                .with_context(|| format!("the checkpoint of {} does not fit", run.path().display()))?,
            None => 0,
        };
        if step > 0 {
            console.say(&format!("going on from step {step} of {}", plan.steps()));
        }
        run.go_on_from(step)?;
        let best = run.records()?.iter().filter_map(score).min_by(f64::total_cmp);
        let trained = task.parameters().trainable().into_iter().map(|(_, tensor)| tensor).collect();
        let clock = Clock::start(step);
        let pruner = Pruner::of(run.path())?;
        Ok(Self {
            task,
            plan,
            run,
            console,
            stop,
            pruner,
            trained,
            optimiser,
            pending,
            observed: Scalars::default(),
            step,
            best,
            last_loss: None,
            warned: HashSet::new(),
            clock,
        })
    }

    /// Trains to the end, or to where early stopping ends it, and returns the last evaluation's table.
    ///
    /// # Errors
    /// [`Interrupted`] after a signal, with a checkpoint of the step it came at; a non-finite loss; a full disk.
    pub fn run(mut self) -> Result<String> {
        let result = self.train();
        self.console.finish();
        match &result {
            Ok(reason) => self.complete(reason.as_deref())?,
            Err(error) => self.leave(error),
        }
        result.and_then(|_| self.run.result())
    }

    fn complete(&mut self, stopped: Option<&str>) -> Result<()> {
        let step = self.step;
        self.run.update(|status| {
            status.state = if stopped.is_some() { State::Stopped } else { State::Finished };
            status.phase = if stopped.is_some() { "stopped early" } else { "finished" }.into();
            status.step = step;
            status.left_seconds = None;
            status.message = stopped.map(str::to_owned);
        })
    }

    /// Returns why the gate ended it, if it did.
    fn train(&mut self) -> Result<Option<String>> {
        self.run.update(|status| status.steps = self.plan.steps())?;
        self.evaluate_if_due()?;
        for batch in self.task.batches(self.step..self.plan.steps()) {
            self.take_step(batch)?;
            if let Some(reason) = self.log_if_due()? {
                self.checkpoint()?;
                return Ok(Some(reason));
            }
            if self.plan.checkpoints_at(self.step) || self.stop.asked() {
                self.checkpoint()?;
                self.stop.check()?;
            }
            if let Some(reason) = self.evaluate_if_due()? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    fn take_step(&mut self, batch: T::Batch) -> Result<()> {
        clear_gradients(&self.trained);
        let Loss { report, observed } = self.task.differentiate(batch, self.plan.logs_at(self.step + 1))?;
        if let Some(limit) = self.plan.clip_norm {
            clip_gradients(&self.trained, limit);
        }
        self.optimiser.step(self.task.rate(self.step));
        self.task.after_step();
        self.pending.push(&report);
        self.observed = observed;
        self.step += 1;
        Ok(())
    }

    fn log_if_due(&mut self) -> Result<Option<String>> {
        if !self.plan.logs_at(self.step) {
            return Ok(None);
        }
        self.pending.check(self.step)?;
        self.check_model()?;
        let mut record = self.record();
        record.insert("rate".into(), self.task.rate(self.step - 1).into());
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
    /// Names a tensor of the model that is not finite: a loss can stay finite for long without it.
    fn check_model(&self) -> Result<()> {
        let named = self.task.parameters().named();
        let Some((name, what)) = not_finite(&named) else { return Ok(()) };
        bail!(
            "tensor `{name}` of the model became {what} by step {}; a lower learning rate may help",
            self.step
        )
    }

    /// Tells once of each diagnostic that is not finite; it is logged as null.
    fn warn_of_diagnostics(&mut self, observed: &[(String, f64)]) {
        for (name, value) in observed.iter().filter(|(_, value)| !value.is_finite()) {
            if self.warned.insert(name.clone()) {
                self.console
                    .warn(&format!("`{name}` is {value} at step {}; it is logged as null", self.step));
            }
        }
    }

    /// Logs `record`, and asks whether the run ends with it. At the last step there is nothing left to end.
    fn append(&mut self, record: Record) -> Result<Option<String>> {
        let epoch = self.plan.epoch(self.step);
        let pruner = self.pruner.as_ref().filter(|_| self.step < self.plan.steps());
        let ends = pruner.map(|pruner| pruner.should_stop(epoch, &record)).transpose()?.flatten();
        self.run.append(record)?;
        self.run.take_warnings().iter().for_each(|warning| self.console.warn(warning));
        Ok(ends)
    }

    fn show_progress(&mut self) -> Result<()> {
        let steps_per_second = self.clock.lap(self.step);
        let sequences_per_second = steps_per_second * self.task.batch_size() as f64;
        let left =
            Duration::from_secs_f64((self.plan.steps() - self.step) as f64 / steps_per_second.max(1e-9));
        self.console.progress(Progress {
            step: self.step,
            steps: self.plan.steps(),
            steps_per_epoch: self.plan.steps_per_epoch,
            loss: self.last_loss,
            sequences_per_second,
            left,
        });
        let (step, steps, seconds) = (self.step, self.plan.steps(), self.clock.take());
        self.run.beat(|status| {
            status.phase = "training".into();
            status.step = step;
            (status.phase_done, status.phase_steps) = (step, steps);
            status.training_seconds += seconds;
            status.sequences_per_second = Some(sequences_per_second);
            status.left_seconds = Some(left.as_secs_f64());
        })
    }

    fn snapshot(&self) -> Checkpoint {
        let part = |prefix: &'static str, tensors: Vec<(String, Tensor)>| {
            tensors.into_iter().map(move |(name, tensor)| (format!("{prefix}.{name}"), tensor))
        };
        let model = part("model", self.task.parameters().named());
        let optimiser = part("optimiser", self.optimiser.state());
        let pending = self.pending.to_tensor().map(|rows| ("trainer.pending".to_owned(), rows));
        Checkpoint { step: self.step, tensors: model.chain(optimiser).chain(pending).collect() }
    }

    /// # Errors
    /// When the loss, the model or the optimiser is not finite: the last good checkpoint is kept then.
    fn checkpoint(&mut self) -> Result<()> {
        self.pending.check(self.step)?;
        self.snapshot().save(&checkpoint_path(self.run.path(), self.step))?;
        prune_checkpoints(self.run.path());
        Ok(())
    }

    fn evaluate_if_due(&mut self) -> Result<Option<String>> {
        if !self.plan.evaluates_at(self.step) {
            return Ok(None);
        }
        let done = self.run.records()?.iter().any(|r| step_of(r) == self.step && score(r).is_some());
        if done { Ok(None) } else { self.evaluate() }
    }

    fn evaluate(&mut self) -> Result<Option<String>> {
        let (step, epoch) = (self.step, self.plan.epoch(self.step));
        self.run.update(|status| {
            status.step = step;
            status.phase = "evaluating".into();
        })?;
        let started = Instant::now();
        let evaluated = self.task.evaluate(epoch, &Vigil::new(self.run, self.console, self.stop))?;
        let ends = self.write_evaluation(evaluated)?;
        let seconds = started.elapsed().as_secs_f64();
        self.clock = Clock::start(self.step);
        self.run.update(|status| status.evaluating_seconds += seconds)?;
        Ok(ends)
    }

    /// The line in the metrics comes last: it says that all the rest is there.
    fn write_evaluation(&mut self, evaluated: Evaluated) -> Result<Option<String>> {
        let Evaluated { card, mut report, table, figures } = evaluated;
        let headline = card.headlines().next().context("the evaluation has no headline score")?;
        // Lower is better for every world.
        let score = headline.goal.loss(headline.value);
        let mut scores = Record::from_iter([(SCORE.into(), score.into())]);
        scores.extend(card.numbers());
        let mut record = self.record();
        record.extend(scores.clone());
        let records: Vec<Record> = self.run.records()?.into_iter().chain([record.clone()]).collect();
        for (name, figure) in figures.iter().chain(&self.task.figures(&records)) {
            self.run.write_figure(name, figure)?;
        }
        self.run.compare(&card.comparison());
        report.extend(object(&card)?);
        self.run.write_json("evaluation.json", &report)?;
        self.run.write_result(&table)?;
        if self.best.is_none_or(|best| best.is_nan() || score < best) {
            self.best = Some(score);
            self.snapshot().save(&best_checkpoint_path(self.run.path()))?;
        }
        self.run.update(|status| status.scores = scores)?;
        self.append(record)
    }

    fn record(&self) -> Record {
        Record::from_iter([
            ("step".into(), self.step.into()),
            ("epoch".into(), self.plan.epoch(self.step).into()),
        ])
    }

    /// Says in the status why the run stopped. The error itself is told by whoever gets it.
    fn leave(&mut self, error: &anyhow::Error) {
        let interrupted = error.is::<Interrupted>();
        let message = if interrupted { self.stop.reason().to_owned() } else { format!("{error:#}") };
        let step = self.step;
        let _ = self.run.update(|status| {
            status.state = if interrupted { State::Interrupted } else { State::Failed };
            status.step = step;
            status.message = Some(message);
        });
    }
}

fn resume<T: Task>(
    checkpoint: &Checkpoint,
    task: &T,
    optimiser: &dyn Optimiser,
    pending: &mut Pending,
) -> Result<u64> {
    task.parameters().assign(&checkpoint.part("model"))?;
    restore(optimiser, &checkpoint.part("optimiser"))?;
    pending.restore(checkpoint.part("trainer").get("pending"));
    Ok(checkpoint.step)
}

fn score(record: &Record) -> Option<f64> {
    record.get(SCORE).and_then(Value::as_f64)
}

#[cfg(test)]
mod tests;
