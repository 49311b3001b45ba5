//! A sweep on this machine: a pool of processes that survives the death of any of them, and its own.

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
use crate::is_running;
use umwelt_base::stop::{Interrupted, Stop};

const POLL: Duration = Duration::from_millis(100);

/// What the machine gives to a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    pub jobs: usize,
    /// CPU threads of each run.
    pub threads: usize,
    /// The names of the GPUs, as `CUDA_VISIBLE_DEVICES` knows them.
    pub gpus: Vec<String>,
}

pub struct Pool<'a> {
    folder: &'a SweepFolder,
    capacity: Capacity,
    stop: &'a Stop,
    progress: ProgressTable,
    todo: VecDeque<Trial>,
    /// By slot.
    working: Vec<Option<Worker>>,
    /// Runs that an earlier scheduler started and that outlived it.
    orphans: Vec<Trial>,
    retries: HashMap<String, Retries>,
}

impl<'a> Pool<'a> {
    /// Takes up what is left of the sweep: interrupted runs first, then those that failed if they are to be tried
    /// again, then those that wait.
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

    /// Works until nothing is left to start and nothing runs.
    ///
    /// # Errors
    /// [`Interrupted`] when asked to stop, after the runs have left their checkpoints.
    pub fn run(mut self) -> Result<Vec<TrialStatus>> {
        let result = self.work();
        // Whatever ends the scheduler must not cost the runs their work.
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
            if self.stop.asked() {
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

    /// Starts runs while there are free slots. Runs from orphans take slots too.
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

    /// Keeps what went wrong, and puts the run back in line as often as was asked.
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

    /// A run from orphans that has ended without an end of its own is taken up here.
    fn check_orphans(&mut self) -> Result<()> {
        let gone = self.orphans.extract_if(.., |trial| !is_running(&self.folder.run_path(trial)));
        let unfinished = gone.filter(|trial| {
            let status = crate::Status::read(&self.folder.run_path(trial));
            !status.is_some_and(|status| status.state.is_over())
        });
        for trial in unfinished.collect::<Vec<_>>() {
            self.folder.note_failure(&trial, "its process is gone".into())?;
            self.todo.push_front(trial);
        }
        Ok(())
    }

    /// Lets the runs that still work leave their checkpoints.
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
