//! A sweep on this machine.

use anyhow::{Context, Result, ensure};

use super::SweepArguments;
use super::note_of_stray_runs;
use crate::sweeps::{Capacity, Pool, ProgressTable, SweepFolder, TrialState, TrialStatus, headline, table};
use umwelt_base::UserError;
use umwelt_base::stop::Stop;
use umwelt_base::terminal;
use umwelt_base::threads;

/// Runs the trials of the sweep until all are over.
///
/// A finished sweep is only read, so its folder may be read-only.
pub fn run_here(folder: &SweepFolder, arguments: &SweepArguments) -> Result<()> {
    let capacity = capacity(arguments.jobs, arguments.threads)?;
    let statuses = folder.statuses()?;
    let retried = |state: &TrialState| arguments.retry.is_some() && matches!(state, TrialState::Failed(_));
    let is_pending = |status: &TrialStatus| status.state.is_pending() || retried(&status.state);
    if folder.unasked()? == 0 && !statuses.iter().any(is_pending) {
        return conclude(folder, &statuses, arguments);
    }
    let _held = folder.hold()?;
    folder.write_plan()?;
    folder.drop_stray_results()?;
    let stop = Stop::listen()?;
    let progress = ProgressTable::new(arguments.quiet, &folder.file.metric.name);
    let Capacity { jobs, threads, gpus } = &capacity;
    let gpus = if gpus.is_empty() { String::new() } else { format!(", {} GPUs", gpus.len()) };
    progress.notify(&format!(
        "{} | {} runs, {jobs} at a time, {threads} threads each{gpus} | {}",
        folder.file.name,
        folder.len(),
        folder.path().display()
    ));
    let statuses = Pool::new(folder, capacity, arguments.retry.is_some(), &stop, progress)?.run();
    if statuses.is_err() && stop.is_requested() {
        terminal::note(format!("stopped by {}; the same command resumes the sweep", stop.reason()));
    }
    conclude(folder, &statuses?, arguments)
}

fn conclude(folder: &SweepFolder, statuses: &[TrialStatus], arguments: &SweepArguments) -> Result<()> {
    let table = table(statuses, &folder.file.metric.name, None);
    let report = format!("the table and the figure: umwelt report {}", arguments.file.display());
    let text = format!("{table}{}\n{}{report}", headline(statuses, 0), note_of_stray_runs(folder)?);
    let printed = terminal::print_line(text);
    check_failures(statuses)?;
    printed.context("the runs are over, and --status shows their results")
}

fn check_failures(statuses: &[TrialStatus]) -> Result<()> {
    let failed = statuses.iter().filter(|status| matches!(status.state, TrialState::Failed(_))).count();
    ensure!(
        failed == 0,
        "{failed} of {} runs failed; see their output.log; `--retry failed` starts them again",
        statuses.len()
    );
    Ok(())
}

/// The capacity of this machine: as requested, else one run per GPU, else one per two cores.
fn capacity(jobs: Option<usize>, threads: Option<usize>) -> Result<Capacity> {
    for (option, given) in [("--jobs", jobs), ("--threads", threads)] {
        let checked = given.map_or(Ok(()), |given| threads::check(1, given));
        checked.map_err(|reason| UserError(format!("{option} {reason}")))?;
    }
    let (cores, gpus) = (threads::cores(), gpus());
    let jobs = jobs.unwrap_or(if gpus.is_empty() { cores / 2 } else { gpus.len() }).max(1);
    Ok(Capacity { jobs, threads: threads.unwrap_or(cores / jobs).max(1), gpus })
}

/// The GPUs that runs may use, by the names that `CUDA_VISIBLE_DEVICES` takes.
fn gpus() -> Vec<String> {
    let count = tch::Cuda::device_count() as usize;
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    let named: Vec<String> = visible.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if named.len() == count { named } else { (0..count).map(|index| index.to_string()).collect() }
}
