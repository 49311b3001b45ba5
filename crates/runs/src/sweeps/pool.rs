//! A sweep on this machine: a pool of processes that survives the death of any of them, and its own.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;

use super::Trial;
use super::board::Board;
use super::folder::SweepFolder;
use super::mishaps::Mishaps;
use super::standing::{Standing, TrialState};
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
    board: Board,
    todo: VecDeque<Trial>,
    /// By slot.
    working: Vec<Option<Worker>>,
    /// Runs that an earlier scheduler started and that outlived it.
    elsewhere: Vec<Trial>,
    mishaps: HashMap<String, Mishaps>,
}

impl<'a> Pool<'a> {
    /// Takes up what is left of the sweep: interrupted runs first, then those that failed if they are to be tried
    /// again, then those that wait.
    pub fn new(
        folder: &'a SweepFolder,
        capacity: Capacity,
        retry_failed: bool,
        stop: &'a Stop,
        board: Board,
    ) -> Result<Self> {
        let standings = folder.standings()?;
        let trials = |wanted: &dyn Fn(&TrialState) -> bool| -> Vec<Trial> {
            standings.iter().filter(|s| wanted(&s.state)).map(|s| s.trial.clone()).collect()
        };
        let mut todo = trials(&|state| *state == TrialState::Interrupted);
        todo.extend(trials(&|state| retry_failed && matches!(state, TrialState::Failed(_))));
        todo.extend(trials(&|state| *state == TrialState::Waiting));
        let elsewhere = trials(&|state| *state == TrialState::Running);
        let working = (0..capacity.jobs).map(|_| None).collect();
        let mishaps = HashMap::new();
        Ok(Self { folder, capacity, stop, board, todo: todo.into(), working, elsewhere, mishaps })
    }

    /// Works until nothing is left to start and nothing runs.
    ///
    /// # Errors
    /// [`Interrupted`] when asked to stop, after the runs have left their checkpoints.
    pub fn run(mut self) -> Result<Vec<Standing>> {
        let result = self.work();
        // Whatever ends the scheduler must not cost the runs their work.
        self.interrupt();
        self.board.finish();
        result?;
        self.folder.standings()
    }

    fn work(&mut self) -> Result<()> {
        let mut drawn: Option<Instant> = None;
        loop {
            self.reap()?;
            self.look_elsewhere()?;
            if self.stop.asked() {
                return Err(Interrupted.into());
            }
            self.fill()?;
            if drawn.is_none_or(|at| at.elapsed() >= self.board.interval()) {
                self.board.draw(&self.folder.standings()?, self.folder.unasked()?);
                drawn = Some(Instant::now());
            }
            if self.elsewhere.is_empty() && self.working.iter().all(Option::is_none) {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Starts runs while there are free slots. Runs from elsewhere take slots too.
    fn fill(&mut self) -> Result<()> {
        let free = self.capacity.jobs.saturating_sub(self.elsewhere.len());
        let busy = self.working.iter().flatten().count();
        for _ in busy..free {
            let Some(slot) = self.working.iter().position(Option::is_none) else { return Ok(()) };
            let Some(trial) = self.next()? else { return Ok(()) };
            if let Err(changed) = self.folder.check_unchanged(&trial) {
                self.settle(trial, Ending::Failed(format!("{changed:#}")))?;
                continue;
            }
            self.board.started(&trial);
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
            self.settle(worker.trial, ending)?;
        }
        Ok(())
    }

    /// Keeps what went wrong, and puts the run back in line as often as was asked.
    fn settle(&mut self, trial: Trial, ending: Ending) -> Result<()> {
        self.board.ended(self.folder, &trial, &ending);
        if ending == Ending::Done {
            self.folder.check_steered(&trial)?;
        }
        if self.mishaps.entry(trial.name.clone()).or_default().note(self.folder, &trial, ending)? {
            self.todo.push_front(trial);
        }
        Ok(())
    }

    /// A run from elsewhere that has ended without an end of its own is taken up here.
    fn look_elsewhere(&mut self) -> Result<()> {
        let gone = self.elsewhere.extract_if(.., |trial| !is_running(&self.folder.run_path(trial)));
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
        self.board.say("stopping; the runs are leaving their checkpoints");
        self.working.iter().flatten().for_each(|worker| worker.signal(Signal::TERM));
        while self.working.iter().any(Option::is_some) {
            if let Err(error) = self.reap() {
                self.board.say(&format!("{error:#}"));
            }
            std::thread::sleep(POLL);
        }
    }
}
