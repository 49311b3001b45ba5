//! The start of a run: first its stages, then its job.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use tch::Device;

use super::experiment::{Experiment, Stage, Work, inputs, stages};
use super::job::{Outcome, Session, mirror};
use crate::native;
use crate::runs::{AlreadyRunning, Console, Environment, FinishedRun, Opened, RunFolder, is_running};
use umwelt_base::UserError;
use umwelt_base::stop::{Interrupted, Stop};
use umwelt_base::terminal;

/// The time between two checks of a stage that another process makes.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The device, threads and console that a run uses.
pub struct Launch<'a> {
    pub device: Device,
    pub threads: usize,
    pub console: &'a mut Console,
    pub stop: &'a Stop,
}

impl Launch<'_> {
    /// Does `work` by `settings` in `folder` and prints the result. A finished run only prints its
    /// result. The stages that the run needs are made first.
    ///
    /// # Errors
    /// Any error that stops the run or a stage. It is written into the status first.
    pub fn run<S: Experiment>(&mut self, work: Work, settings: &S, folder: &Path) -> Result<()> {
        if let Some(run) = FinishedRun::of(folder, settings)? {
            return self.show(folder, self.finished(folder, &run)?);
        }
        self.make_stages(settings)?;
        let outcome = self.perform(work, settings, folder)?;
        self.show(folder, outcome)
    }

    fn make_stages<S: Experiment>(&mut self, settings: &S) -> Result<()> {
        let stages = stages(settings)?;
        let count = stages.len() + 1;
        for (index, stage) in stages.iter().enumerate() {
            let heading = format!("stage {} of {count}: {}", index + 1, stage.name);
            let failed = |error: anyhow::Error| match error.is::<Interrupted>() {
                true => error,
                false => error.context(format!("stage {}", stage.name)),
            };
            self.make_stage(&heading, stage).map_err(failed)?;
        }
        if count > 1 {
            self.console.say(&format!("stage {count} of {count}: the run itself"));
        }
        Ok(())
    }

    /// Makes or continues `stage`, unless it is finished. Waits while another process makes it.
    fn make_stage<S: Experiment>(&mut self, heading: &str, stage: &Stage<S>) -> Result<()> {
        let folder = stage.folder();
        loop {
            self.wait_while_running(heading, &folder)?;
            if FinishedRun::of(&folder, &stage.settings)?.is_some() {
                self.console.say(&format!("{heading} | {} is finished", folder.display()));
                return Ok(());
            }
            self.console.say(heading);
            match self.perform(Work::Train, &stage.settings, &folder) {
                // Another process was faster.
                Err(error) if error.is::<AlreadyRunning>() => {}
                made => return made.map(|outcome| self.say_all(&outcome.notes)),
            }
        }
    }

    fn wait_while_running(&self, heading: &str, folder: &Path) -> Result<()> {
        if is_running(folder) {
            let place = folder.display();
            self.console.say(&format!("{heading} | waiting for the process that makes {place}"));
        }
        while is_running(folder) {
            self.stop.check()?;
            sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    fn perform<S: Experiment>(&mut self, work: Work, settings: &S, folder: &Path) -> Result<Outcome> {
        let inputs = inputs(settings)?;
        let job = settings.job(work, self.device, &inputs);
        let mut job = job.map_err(|error| UserError(format!("{error:#}")))?;
        let mut run = match RunFolder::open(folder, settings)? {
            Opened::Unfinished(run) => run,
            Opened::Finished(run) => return self.finished(folder, &run),
        };
        inputs.warnings(folder).iter().for_each(|warning| self.console.warn(warning));
        let (device, libtorch) = (format!("{:?}", self.device), native::running_version());
        let environment = Environment::of_this_process(libtorch, device, self.threads, inputs);
        run.write_json("environment.json", &environment)?;
        mirror(&mut run, settings, settings.run(), self.console);
        let (title, device, threads) = (job.title(), self.device, self.threads);
        self.console.say(&format!("{title} | {device:?}, {threads} threads | {}", folder.display()));
        Session { run, console: self.console, stop: self.stop }.work(job.as_mut())
    }

    fn finished(&self, folder: &Path, run: &FinishedRun) -> Result<Outcome> {
        self.console.say(&format!("{} is already finished; its result:", folder.display()));
        Ok(Outcome { result: run.result()?, notes: vec![] })
    }

    /// Prints the result of a run, and then its notes.
    fn show(&self, folder: &Path, outcome: Outcome) -> Result<()> {
        let kept = || format!("the run is over, and its result lies in {}", folder.display());
        let printed = terminal::print(outcome.result).with_context(kept);
        self.say_all(&outcome.notes);
        printed
    }

    fn say_all(&self, notes: &[String]) {
        notes.iter().for_each(|note| self.console.say(note));
    }
}
