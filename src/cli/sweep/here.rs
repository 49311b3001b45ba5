//! A sweep on this machine.

use anyhow::{Result, ensure};

use super::SweepArguments;
use crate::cli::Mistake;
use crate::sweeps::{Board, Capacity, Pool, Standing, SweepFolder, TrialState, headline, table};
use crate::threads::count;
use crate::training::Stop;

/// Works on the sweep until all its runs are over.
pub fn run_here(folder: &SweepFolder, arguments: &SweepArguments) -> Result<()> {
    let capacity = capacity(arguments.jobs, arguments.threads)?;
    let _held = folder.hold()?;
    let stop = Stop::listen()?;
    let board = Board::new(arguments.quiet, &folder.file.metric.name);
    let Capacity { jobs, threads, gpus } = &capacity;
    let gpus = if gpus.is_empty() { String::new() } else { format!(", {} GPUs", gpus.len()) };
    board.say(&format!(
        "{} | {} runs, {jobs} at a time, {threads} threads each{gpus} | {}",
        folder.file.name,
        folder.len(),
        folder.path().display()
    ));
    let standings = Pool::new(folder, capacity, arguments.retry.is_some(), &stop, board)?.run();
    if standings.is_err() && stop.asked() {
        eprintln!("stopped by {}; the same command goes on from here", stop.reason());
    }
    let standings = standings?;
    print!("{}", table(&standings, &folder.file.metric.name, None));
    println!("{}", headline(&standings, 0));
    println!("the table and the figure: umwelt report {}", arguments.file.display());
    complain(&standings)
}

fn complain(standings: &[Standing]) -> Result<()> {
    let failed = standings.iter().filter(|standing| matches!(standing.state, TrialState::Failed(_))).count();
    ensure!(
        failed == 0,
        "{failed} of {} runs failed; their output.log tells more; `--retry failed` starts them again",
        standings.len()
    );
    Ok(())
}

/// What this machine gives: as told, else a run for each GPU, else one for each two cores.
fn capacity(jobs: Option<usize>, threads: Option<usize>) -> Result<Capacity> {
    for (option, given) in [("--jobs", jobs), ("--threads", threads)] {
        let checked = given.map_or(Ok(()), |given| count::check(1, given));
        checked.map_err(|reason| Mistake(format!("{option} {reason}")))?;
    }
    let (cores, gpus) = (count::cores(), gpus());
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
