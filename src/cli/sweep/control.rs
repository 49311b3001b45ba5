//! Dry runs, the status and the cancellation of a sweep.

use std::time::Duration;

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process};

use super::SweepArguments;
use super::cluster::plan;
use crate::sweeps::{SweepFolder, TrialState, TrialStatus, headline, slurm, table};
use umwelt_base::terminal::{print, print_line};

/// Prints the runs of a sweep without starting them.
pub fn dry_run(folder: &SweepFolder, arguments: &SweepArguments) -> Result<()> {
    let statuses = folder.statuses()?;
    print(table(&statuses, &folder.file.metric.name, None))?;
    let unasked = folder.unasked()?;
    if unasked > 0 {
        print_line(format!("{unasked} more are chosen during the sweep, by the results of earlier runs"))?;
    }
    print_line(headline(&statuses, unasked))?;
    if let Some(submission) = arguments.slurm.slurm.then(|| plan(folder, arguments)).transpose()?.flatten() {
        print(format!("\n{}", slurm::script(folder, &submission, &arguments.slurm, arguments.jobs)?))?;
    }
    Ok(())
}

/// Prints the status of each run.
pub fn status(folder: &SweepFolder) -> Result<()> {
    let statuses = folder.statuses()?;
    print(table(&statuses, &folder.file.metric.name, None))?;
    print_line(headline(&statuses, folder.unasked()?))?;
    print(note_of_stray_runs(folder)?)?;
    if let Some(queue) = slurm::queue(folder.path()) {
        print_line(queue)?;
    }
    if let Some(pid) = folder.holder() {
        print_line(format!("a scheduler works on it (process {pid})"))?;
    }
    Ok(())
}

/// A line that names the runs in the sweep's folder that are not trials of the present sweep file;
/// empty without such runs.
pub fn note_of_stray_runs(folder: &SweepFolder) -> Result<String> {
    let strays = folder.stray_runs()?;
    let Some(first) = strays.first() else { return Ok(String::new()) };
    let more = if strays.len() > 1 { format!(" and {} more", strays.len() - 1) } else { String::new() };
    Ok(format!(
        "not part of the present sweep file: {first}{more} in {}; compare with `umwelt runs diff`, remove with \
         `umwelt runs rm`\n",
        folder.path().display()
    ))
}

/// Stops the scheduler on this machine, the jobs at Slurm, and runs without a scheduler.
pub fn cancel(folder: &SweepFolder) -> Result<()> {
    let jobs = slurm::cancel(folder.path())?;
    let holder = folder.holder();
    let running = || -> Result<Vec<TrialStatus>> {
        Ok(folder.statuses()?.into_iter().filter(|s| s.state == TrialState::Running).collect())
    };
    let pids = match holder {
        Some(pid) => vec![pid],
        None if jobs == 0 => {
            running()?.iter().filter_map(|s| Some(s.run_status.as_ref()?.pid as i32)).collect()
        }
        None => vec![],
    };
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        kill_process(pid, Signal::TERM)?;
    }
    if pids.is_empty() && jobs == 0 {
        return print_line(format!("nothing of {} is running", folder.file.name));
    }
    while !running()?.is_empty() {
        std::thread::sleep(Duration::from_millis(200));
    }
    print_line("stopped; the same command resumes it")
}
