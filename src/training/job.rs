//! Jobs: the work of a run inside its folder.

use std::time::Instant;

use anyhow::Result;

use super::trainer::score;
use super::{Evaluated, RunKeys, Task, object};
use crate::charts::Figure;
use crate::runs::{
    Console, ProgressReporter, Record, RunFolder, STOP, State, TensorBoard, Tracker, Wandb,
    is_stop_requested, step_of,
};
use crate::settings::Schema;
use umwelt_base::stop::{Interrupted, Stop};

/// The work of a run: training, or evaluating a checkpoint.
pub trait Job {
    /// The subject of the run, for headings.
    fn title(&self) -> String;

    /// Does the work, or the part that an earlier start of the run has left. Returns the reason if
    /// the work ends early.
    ///
    /// # Errors
    /// [`Interrupted`] after a signal. The same command continues the run then.
    fn run(&mut self, session: &mut Session) -> Result<Option<String>>;
}

/// The surroundings of a job: the run folder with its trackers, the console, and the signals.
pub struct Session<'a> {
    pub run: RunFolder,
    pub console: &'a mut Console,
    pub stop: &'a Stop,
}

/// The end of a job.
pub(super) struct Outcome {
    /// The result of the run, a table for a person.
    pub result: String,
    /// Lines for the console.
    pub notes: Vec<String>,
}

impl Session<'_> {
    /// Works on `job` until it ends.
    pub(super) fn work(mut self, job: &mut dyn Job) -> Result<Outcome> {
        let (started, before) = (Instant::now(), self.spent());
        let result = job.run(&mut self);
        self.console.finish();
        if self.spent() == before {
            // A job that neither trains nor evaluates in the ways below. Where the status cannot be
            // written, the next lines say so.
            let seconds = started.elapsed().as_secs_f64();
            let _ = self.run.update(|status| status.evaluating_seconds += seconds);
        }
        match &result {
            Ok(reason) => self.complete(reason.as_deref())?,
            Err(error) => self.leave(error),
        }
        let mut notes = self.run.finish_trackers();
        self.run.take_warnings().iter().for_each(|warning| self.console.warn(warning));
        result?;
        let (trained, evaluated) = self.spent();
        let spent = match trained {
            0.0 => format!("took {evaluated:.0} s"),
            _ => format!("trained for {trained:.0} s, evaluated for {evaluated:.0} s"),
        };
        notes.push(format!("{spent}; figures are in {}/figures", self.run.path().display()));
        Ok(Outcome { result: self.run.result()?, notes })
    }

    /// Seconds of training and of evaluation.
    fn spent(&self) -> (f64, f64) {
        (self.run.status().training_seconds, self.run.status().evaluating_seconds)
    }

    fn complete(&mut self, stopped: Option<&str>) -> Result<()> {
        self.run.update(|status| {
            status.state = if stopped.is_some() { State::Stopped } else { State::Finished };
            status.phase = if stopped.is_some() { "stopped early" } else { "finished" }.into();
            status.left_seconds = None;
            status.message = stopped.map(str::to_owned);
        })
    }

    /// Writes the reason of the failure into the status.
    fn leave(&mut self, error: &anyhow::Error) {
        let interrupted = error.is::<Interrupted>();
        let by_file = interrupted && !self.stop.is_requested() && is_stop_requested(self.run.path());
        let message = if by_file {
            format!("the file `{STOP}`")
        } else if interrupted {
            self.stop.reason().to_owned()
        } else {
            format!("{error:#}")
        };
        let _ = self.run.update(|status| {
            status.state = if interrupted { State::Interrupted } else { State::Failed };
            status.message = Some(message);
        });
    }

    /// True if the metrics hold an evaluation of `step`.
    ///
    /// # Errors
    /// The metrics cannot be read.
    pub fn is_evaluated(&self, step: u64) -> Result<bool> {
        let is_its = |record: &Record| step_of(record) == step && score(record).is_some();
        Ok(self.run.records()?.iter().any(is_its))
    }

    /// Evaluates `task` at `epoch`, with progress on the console and in the status.
    ///
    /// # Errors
    /// [`Interrupted`] after a signal, and the errors of the evaluation.
    pub fn evaluate(&mut self, task: &impl Task, epoch: f64) -> Result<Evaluated> {
        self.run.update(|status| status.phase = "evaluating".into())?;
        let started = Instant::now();
        let evaluated =
            task.evaluate(epoch, &ProgressReporter::new(&mut self.run, self.console, self.stop))?;
        let seconds = started.elapsed().as_secs_f64();
        self.run.update(|status| status.evaluating_seconds += seconds)?;
        Ok(evaluated)
    }

    /// Writes the results of an evaluation except its line in the metrics. That line is written
    /// last and marks the evaluation as complete.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_evaluation(&mut self, evaluated: Evaluated, more: &[(&'static str, Figure)]) -> Result<()> {
        let Evaluated { card, mut report, table, figures } = evaluated;
        for (name, figure) in figures.iter().chain(more) {
            self.run.write_figure(name, figure)?;
        }
        self.run.show_scores(&card);
        report.extend(object(&card)?);
        self.run.write_json("evaluation.json", &report)?;
        self.run.write_result(&table)
    }
}

/// Connects the trackers of a run. A tracker that fails to connect costs a warning.
pub(super) fn mirror(run: &mut RunFolder, settings: &impl Schema, keys: &RunKeys, console: &Console) {
    let folder = run.path().to_owned();
    let (name, group) = (keys.run_name.as_deref(), keys.run_group.as_deref());
    let wandb = keys.wandb.then(|| Wandb::start(&folder, name, group, settings).map(boxed));
    let tensorboard = keys.tensorboard.then(|| TensorBoard::start(&folder).map(boxed));
    for tracker in [wandb, tensorboard].into_iter().flatten() {
        match tracker {
            Ok(tracker) => run.mirror(tracker),
            Err(error) => console.warn(&format!("{error:#}; the run goes on without it")),
        }
    }
}

fn boxed(tracker: impl Tracker + 'static) -> Box<dyn Tracker> {
    Box::new(tracker)
}
