//! A sweep on this machine: a pool of processes whose work survives a crash of any, the scheduler
//! too.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;

use super::Trial;
use super::folder::SweepFolder;
use super::progress_table::ProgressTable;
use super::retries::Retries;
use super::trial_status::{TrialState, TrialStatus};
use super::worker::{Ending, Worker};
use crate::{is_running, is_stop_requested};
use umwelt_base::stop::{Interrupted, Stop};

const POLL: Duration = Duration::from_millis(100);

/// The resources of this machine for a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// Runs at a time.
    pub jobs: usize,
    /// The CPU threads of each run.
    pub threads: usize,
    /// The names of the GPUs for `CUDA_VISIBLE_DEVICES`.
    pub gpus: Vec<String>,
}

pub struct Pool<'a> {
    folder: &'a SweepFolder,
    capacity: Capacity,
    stop: &'a Stop,
    progress: ProgressTable,
    todo: VecDeque<Trial>,
    /// The processes by slot.
    working: Vec<Option<Worker>>,
    /// The runs of an earlier scheduler that have outlived it.
    orphans: Vec<Trial>,
    retries: HashMap<String, Retries>,
}

impl<'a> Pool<'a> {
    /// The pool for the unfinished trials of a sweep: interrupted runs first, then failed ones if
    /// `retry_failed`, then waiting ones.
    pub fn new(
        folder: &'a SweepFolder,
        capacity: Capacity,
        retry_failed: bool,
        stop: &'a Stop,
        progress: ProgressTable,
    ) -> Result<Self> {
        let statuses = folder.statuses()?;
        let trials = |wanted: &dyn Fn(&TrialState) -> bool| -> Vec<Trial> {
            statuses
                .iter()
                .filter(|status| wanted(&status.state))
                .map(|status| status.trial.clone())
                .collect()
        };
        let mut todo = trials(&|state| *state == TrialState::Interrupted);
        todo.extend(trials(&|state| retry_failed && matches!(state, TrialState::Failed(_))));
        todo.extend(trials(&|state| *state == TrialState::Waiting));
        let orphans = trials(&|state| *state == TrialState::Running);
        let working = (0..capacity.jobs).map(|_| None).collect();
        let retries = HashMap::new();
        Ok(Self { folder, capacity, stop, progress, todo: todo.into(), working, orphans, retries })
    }

    /// Runs all trials to their ends.
    ///
    /// # Errors
    /// [`Interrupted`] after a signal, once the runs have written their checkpoints.
    pub fn run(mut self) -> Result<Vec<TrialStatus>> {
        let result = self.work();
        // The runs write checkpoints even if the scheduler fails.
        self.interrupt();
        self.progress.finish();
        result?;
        self.folder.statuses()
    }

    fn work(&mut self) -> Result<()> {
        let mut drawn: Option<Instant> = None;
        loop {
            self.reap()?;
            self.check_orphans()?;
            if self.stop.is_requested() {
                return Err(Interrupted.into());
            }
            self.fill()?;
            if drawn.is_none_or(|at| at.elapsed() >= self.progress.interval()) {
                self.progress.redraw(&self.folder.statuses()?, self.folder.unasked()?);
                drawn = Some(Instant::now());
            }
            if self.orphans.is_empty() && self.working.iter().all(Option::is_none) {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Starts runs in the free slots; orphans take slots too.
    fn fill(&mut self) -> Result<()> {
        let free = self.capacity.jobs.saturating_sub(self.orphans.len());
        let busy = self.working.iter().flatten().count();
        for _ in busy..free {
            let Some(slot) = self.working.iter().position(Option::is_none) else { return Ok(()) };
            let Some(trial) = self.next()? else { return Ok(()) };
            if let Err(changed) = self.folder.check_unchanged(&trial) {
                self.record(trial, Ending::Failed(format!("{changed:#}")))?;
                continue;
            }
            self.progress.started(&trial);
            let gpus = &self.capacity.gpus;
            let gpu = (!gpus.is_empty()).then(|| gpus[slot % gpus.len()].as_str());
            self.working[slot] = Some(Worker::start(self.folder, trial, self.capacity.threads, gpu)?);
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Trial>> {
        match self.todo.pop_front() {
            None if self.folder.file.is_adaptive() => self.folder.ask("local"),
            trial => Ok(trial),
        }
    }

    fn reap(&mut self) -> Result<()> {
        for slot in 0..self.working.len() {
            let Some(worker) = &mut self.working[slot] else { continue };
            let Some(ending) = worker.ended(self.folder)? else { continue };
            let worker = self.working[slot].take().expect("it has just ended");
            self.record(worker.trial, ending)?;
        }
        Ok(())
    }

    /// Records the ending of a run, and queues the run again if it has retries left.
    fn record(&mut self, trial: Trial, ending: Ending) -> Result<()> {
        self.progress.ended(self.folder, &trial, &ending);
        if ending == Ending::Done {
            self.folder.check_steered(&trial)?;
        }
        if self.retries.entry(trial.name.clone()).or_default().record(self.folder, &trial, ending)? {
            self.todo.push_front(trial);
        }
        Ok(())
    }

    /// Queues orphans whose process died before the run was over.
    fn check_orphans(&mut self) -> Result<()> {
        let gone = self.orphans.extract_if(.., |trial| !is_running(&self.folder.run_path(trial)));
        let unfinished = gone.filter(|trial| {
            let path = self.folder.run_path(trial);
            let is_over = crate::Status::read(&path).is_some_and(|status| status.state.is_over());
            // A run that a person has asked to stop waits for the next start of the sweep.
            !is_over && !is_stop_requested(&path)
        });
        for trial in unfinished.collect::<Vec<_>>() {
            self.folder.note_failure(&trial, "its process is gone".into())?;
            self.todo.push_front(trial);
        }
        Ok(())
    }

    /// Stops the running processes, which write their checkpoints first.
    fn interrupt(&mut self) {
        if self.working.iter().all(Option::is_none) {
            return;
        }
        self.progress.notify("stopping; the runs are leaving their checkpoints");
        self.working.iter().flatten().for_each(|worker| worker.signal(Signal::TERM));
        while self.working.iter().any(Option::is_some) {
            if let Err(error) = self.reap() {
                self.progress.notify(&format!("{error:#}"));
            }
            std::thread::sleep(POLL);
        }
    }
}
