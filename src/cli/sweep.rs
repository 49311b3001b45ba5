//! `umwelt sweep`: many runs from one file, on this machine or on a Slurm cluster.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use rustix::process::{Pid, Signal, kill_process};

use super::Mistake;
use crate::schema::RunSettings;
use crate::sweeps::slurm::{self, SlurmOptions, Submission};
use crate::sweeps::{Board, Capacity, Pool, RunState, Standing, SweepFolder, headline, table};
use crate::training::Stop;

/// Spans many runs from one file, and runs them here or on a Slurm cluster.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt sweep experiments/noise.yaml --dry-run              the runs it would start
  umwelt sweep experiments/noise.yaml --jobs 2               two at a time on this machine
  umwelt sweep experiments/noise.yaml --slurm --partition gpu --gres gpu:1 --time 2:00:00
  umwelt sweep experiments/noise.yaml --status
  umwelt report experiments/noise.yaml                       the table and the figure

The same command again goes on with a sweep that was stopped: what is finished is never run twice.")]
pub struct SweepArguments {
    /// The sweep file
    file: PathBuf,

    /// Settings for all runs, laid upon the file's own: vicreg.epochs=2
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    values: Vec<String>,

    /// Folder of the sweep [default: runs/NAME]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// The first N runs only, to try the sweep out
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Print the runs that would start, and stop
    #[arg(long, group = "instead")]
    dry_run: bool,

    /// Print where each run stands, and stop
    #[arg(long, group = "instead")]
    status: bool,

    /// Stop the runs; they leave checkpoints, and the sweep can go on
    #[arg(long, group = "instead")]
    cancel: bool,

    /// Go on with a sweep that was begun before; there must be one
    #[arg(long)]
    resume: bool,

    /// Start again the runs that failed; they go on from their last checkpoint
    #[arg(long, value_name = "WHICH")]
    retry: Option<Retry>,

    /// Runs at a time [default: one for each GPU, else one for each two cores]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,

    /// CPU threads of each run [default: the cores, shared out]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Print the end only
    #[arg(long, short)]
    quiet: bool,

    /// One task of a job array: FILE is what its submission left
    #[arg(long, hide = true)]
    task: bool,

    #[command(flatten)]
    slurm: SlurmOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Retry {
    Failed,
}

/// Does what the arguments ask of a sweep.
///
/// # Errors
/// Mistakes in the sweep file; [`crate::training::Interrupted`]; runs that failed.
pub fn sweep(arguments: &SweepArguments) -> Result<()> {
    if arguments.task {
        return slurm::run_task(&arguments.file);
    }
    let folder =
        SweepFolder::open(&arguments.file, &arguments.values, arguments.output.as_deref(), arguments.limit)?;
    if arguments.status {
        return status(&folder);
    }
    if arguments.cancel {
        return cancel(&folder);
    }
    check(&folder)?;
    if arguments.dry_run {
        return dry_run(&folder, arguments);
    }
    let begun = folder.standings()?.iter().any(|standing| standing.state != RunState::Waiting);
    if arguments.resume && !begun {
        return Err(Mistake(format!("there is nothing to resume in {}", folder.path().display())).into());
    }
    if arguments.slurm.slurm { submit(&folder, arguments) } else { run_here(&folder, arguments) }
}

/// Every run's settings are checked before the first one starts.
fn check(folder: &SweepFolder) -> Result<()> {
    for trial in folder.trials()? {
        trial.check::<RunSettings>()?;
    }
    if folder.file.is_adaptive() {
        folder.file.trial(0, &[]).check::<RunSettings>()?;
    }
    ensure!(!folder.is_empty(), Mistake(format!("{} spans no runs", folder.file.name)));
    Ok(())
}

fn run_here(folder: &SweepFolder, arguments: &SweepArguments) -> Result<()> {
    let _held = folder.hold()?;
    let stop = Stop::listen()?;
    let capacity = capacity(arguments.jobs, arguments.threads);
    let board = Board::new(arguments.quiet, &folder.file.metric.name, capacity.jobs);
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
    println!("{}", headline(&standings, 0, 1));
    println!("the table and the figure: umwelt report {}", arguments.file.display());
    complain(&standings)
}

fn complain(standings: &[Standing]) -> Result<()> {
    let failed = standings.iter().filter(|standing| matches!(standing.state, RunState::Failed(_))).count();
    ensure!(
        failed == 0,
        "{failed} of {} runs failed; their output.log tells more; `--retry failed` starts them again",
        standings.len()
    );
    Ok(())
}

/// What this machine gives: as told, else a run for each GPU, else one for each two cores.
fn capacity(jobs: Option<usize>, threads: Option<usize>) -> Capacity {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let gpus = gpus();
    let jobs = jobs.unwrap_or(if gpus.is_empty() { cores / 2 } else { gpus.len() }).max(1);
    Capacity { jobs, threads: threads.unwrap_or(cores / jobs).max(1), gpus }
}

/// The GPUs that runs may use, by the names that `CUDA_VISIBLE_DEVICES` takes.
fn gpus() -> Vec<String> {
    let count = tch::Cuda::device_count() as usize;
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    let named: Vec<String> = visible.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if named.len() == count { named } else { (0..count).map(|index| index.to_string()).collect() }
}

fn submit(folder: &SweepFolder, arguments: &SweepArguments) -> Result<()> {
    let waiting = to_submit(folder, arguments.retry.is_some())?;
    if waiting.is_empty() && folder.unasked()? == 0 {
        println!("{} has nothing left to submit; see --status", folder.file.name);
        return Ok(());
    }
    let mut submission = plan(folder, arguments, slurm::array_limit())?;
    let job = submission.submit(folder, &arguments.slurm, arguments.jobs)?;
    println!("submitted job {job}: {} tasks; see how it goes with --status", submission.tasks.len());
    Ok(())
}

/// Trials that no submission is going to run.
fn to_submit(folder: &SweepFolder, retry_failed: bool) -> Result<Vec<crate::sweeps::Trial>> {
    if slurm::queue(folder.path()).is_some() {
        let path = folder.path().display();
        anyhow::bail!("{path} has jobs in Slurm's queue; --status shows them, --cancel takes them out");
    }
    let wanted = |state: &RunState| match state {
        RunState::Waiting | RunState::Interrupted => true,
        RunState::Failed(_) => retry_failed,
        RunState::Running | RunState::Stopped(_) | RunState::Finished => false,
    };
    let standings = folder.standings()?.into_iter();
    Ok(standings.filter(|standing| wanted(&standing.state)).map(|standing| standing.trial).collect())
}

fn plan(folder: &SweepFolder, arguments: &SweepArguments, limit: usize) -> Result<Submission> {
    let trials = to_submit(folder, arguments.retry.is_some())?;
    Submission::plan(folder, trials, (arguments.slurm.runs_per_task, limit))
}

fn dry_run(folder: &SweepFolder, arguments: &SweepArguments) -> Result<()> {
    let standings = folder.standings()?;
    print!("{}", table(&standings, &folder.file.metric.name, None));
    let unasked = folder.unasked()?;
    if unasked > 0 {
        println!("{unasked} more are chosen as the sweep goes, by what the runs before them found");
    }
    println!("{}", headline(&standings, unasked, 1));
    if arguments.slurm.slurm {
        let submission = plan(folder, arguments, slurm::array_limit())?;
        print!("\n{}", slurm::script(folder, &submission, &arguments.slurm, arguments.jobs)?);
    }
    Ok(())
}

fn status(folder: &SweepFolder) -> Result<()> {
    let standings = folder.standings()?;
    print!("{}", table(&standings, &folder.file.metric.name, None));
    println!("{}", headline(&standings, folder.unasked()?, 1));
    if let Some(queue) = slurm::queue(folder.path()) {
        println!("{queue}");
    }
    if let Some(pid) = folder.holder() {
        println!("a scheduler works on it (process {pid})");
    }
    Ok(())
}

/// Ends the scheduler of this machine, the jobs at Slurm, and runs that outlived their scheduler.
fn cancel(folder: &SweepFolder) -> Result<()> {
    let jobs = slurm::cancel(folder.path())?;
    let holder = folder.holder();
    let running = || -> Result<Vec<Standing>> {
        Ok(folder.standings()?.into_iter().filter(|s| s.state == RunState::Running).collect())
    };
    let pids = match holder {
        Some(pid) => vec![pid],
        None if jobs == 0 => running()?.iter().filter_map(|s| Some(s.status.as_ref()?.pid as i32)).collect(),
        None => vec![],
    };
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        kill_process(pid, Signal::TERM)?;
    }
    if pids.is_empty() && jobs == 0 {
        println!("nothing of {} is running", folder.file.name);
        return Ok(());
    }
    while !running()?.is_empty() {
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("stopped; the same command goes on with it");
    Ok(())
}
