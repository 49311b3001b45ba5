//! One task of a job array.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;
use signal_hook::consts::SIGUSR1;

use super::{Submission, slurm};
use crate::sweeps::Trial;
use crate::sweeps::folder::SweepFolder;
use crate::sweeps::retries::Retries;
use crate::sweeps::worker::{Ending, Worker};
use crate::{Status, is_running, is_stop_requested};
use umwelt_base::stop::{Interrupted, Stop};
use umwelt_base::terminal;
use umwelt_settings::Schema;

const POLL: Duration = Duration::from_millis(100);

/// Runs the trials that the submission in `plan` gives to this array task.
///
/// # Errors
/// [`Interrupted`] after a signal from Slurm; a task that nears its time limit is requeued first.
pub fn run_task<T: Schema>(plan: &Path) -> Result<()> {
    let index = std::env::var("SLURM_ARRAY_TASK_ID").context("--task is for Slurm's array tasks")?;
    let index: usize = index.parse().context("SLURM_ARRAY_TASK_ID")?;
    let submission = Submission::read(plan)?;
    let folder = SweepFolder::from_source::<T>(submission.sweep.clone())?;
    let stop = Stop::listen()?;
    let owner = format!("{}/{index}", submission.number);
    let given = submission.tasks.get(index).with_context(|| format!("no task {index}"))?;
    let mut failed = 0;
    for trial in given {
        failed += usize::from(!attempt(&folder, trial, &stop)?);
    }
    for number in 0..submission.asks[index] {
        // A requeued task continues with the trials that it asked for before.
        let Some(trial) = folder
            .asked_by(&owner)?
            .get(number)
            .cloned()
            .map_or_else(|| folder.ask(&owner), |t| Ok(Some(t)))?
        else {
            break;
        };
        failed += usize::from(!attempt(&folder, &trial, &stop)?);
    }
    anyhow::ensure!(failed == 0, "{failed} runs of this task failed; `--status` shows the errors");
    Ok(())
}

/// Runs `trial` to its end, with retries; false if it failed.
fn attempt(folder: &SweepFolder, trial: &Trial, stop: &Stop) -> Result<bool> {
    let mut retries = Retries::default();
    loop {
        let path = folder.run_path(trial);
        if is_running(&path) || Status::read(&path).is_some_and(|status| status.state.is_over()) {
            return Ok(true);
        }
        let ending = match folder.check_unchanged(trial) {
            Ok(()) => run(folder, trial, stop)?,
            Err(changed) => Ending::Failed(format!("{changed:#}")),
        };
        match &ending {
            Ending::Done => return folder.check_steered(trial).map(|()| true),
            // A person has asked this run to stop, and not the others of the task.
            Ending::Interrupted if is_stop_requested(&path) => return Ok(true),
            Ending::Interrupted => return Err(Interrupted.into()),
            Ending::Killed(error) | Ending::Failed(error) => {
                terminal::note(format!("{}: {error}", trial.name));
            }
        }
        if !retries.record(folder, trial, ending)? {
            return Ok(false);
        }
    }
}

/// Starts a run, waits for its end, and passes Slurm's signals on to it. After Slurm's warning of
/// the time limit the task is requeued.
fn run(folder: &SweepFolder, trial: &Trial, stop: &Stop) -> Result<Ending> {
    let mut worker = Worker::start(folder, trial.clone(), 0, None)?;
    let mut passed_on = false;
    let ending = loop {
        if let Some(ending) = worker.ended(folder)? {
            break ending;
        }
        if stop.is_requested() && !passed_on {
            worker.signal(Signal::TERM);
            passed_on = true;
        }
        std::thread::sleep(POLL);
    };
    if ending == Ending::Interrupted && stop.signal() == SIGUSR1 {
        requeue()?;
    }
    Ok(ending)
}

fn requeue() -> Result<()> {
    let job = std::env::var("SLURM_JOB_ID").context("SLURM_JOB_ID")?;
    terminal::note("time is nearly up; the run has left a checkpoint and is queued again");
    slurm(Command::new("scontrol").args(["requeue", &job])).map(drop)
}
