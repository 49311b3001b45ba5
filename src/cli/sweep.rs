//! `umwelt sweep`: many runs from one file, on this machine or on a Slurm cluster.

mod cluster;
mod here;
mod look;

pub use look::note_of_stray_runs;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use crate::schema::RunSettings;
use crate::settings::for_unknown_name;
use crate::sweeps::slurm::{self, SlurmOptions};
use crate::sweeps::{SweepFolder, TrialState};
use crate::worlds::{WorldSettings, matches};
use umwelt_base::UserError;

/// Points of a sweep that learns that are checked before it starts: it chooses its first ones by chance.
const CHECKED_AHEAD: usize = 10;

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
    #[arg(long, value_name = "N", value_parser = slurm::positive)]
    jobs: Option<usize>,

    /// CPU threads of each run [default: the cores, shared out]
    #[arg(long, value_name = "N", value_parser = slurm::positive)]
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
        return slurm::run_task::<RunSettings>(&arguments.file);
    }
    arguments.slurm.check().map_err(UserError)?;
    let SweepArguments { file, values, output, limit, .. } = arguments;
    let folder = SweepFolder::open::<RunSettings>(file, values, output.as_deref(), *limit)?;
    if arguments.status {
        return look::status(&folder);
    }
    if arguments.cancel {
        return look::cancel(&folder);
    }
    check(&folder)?;
    if arguments.dry_run {
        return look::dry_run(&folder, arguments);
    }
    if arguments.resume && folder.statuses()?.iter().all(|status| status.state == TrialState::Waiting) {
        return Err(UserError(format!("there is nothing to resume in {}", folder.path().display())).into());
    }
    if arguments.slurm.slurm {
        cluster::submit(&folder, arguments)
    } else {
        here::run_here(&folder, arguments)
    }
}

/// The numbers that the sweep is steered by are such that its models log.
fn check_metrics(folder: &SweepFolder) -> Result<()> {
    let file = &folder.file;
    let stopping =
        file.early_stopping.as_ref().map(|stopping| ("early_stopping.metric", &stopping.metric.name));
    for (key, name) in [("metric.name", &file.metric.name)].into_iter().chain(stopping) {
        if WorldSettings::all().iter().all(|world| is_logged(name, world)) {
            continue;
        }
        let worlds = worlds(folder)?;
        if !worlds.iter().any(|world| is_logged(name, world)) {
            let known: BTreeSet<&str> = worlds.iter().flat_map(WorldSettings::metric_names).collect();
            let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
            let hint = for_unknown_name(name, &known);
            return Err(UserError(format!("{key}: no run of {} has `{name}`; {hint}", file.name)).into());
        }
    }
    Ok(())
}

fn is_logged(name: &str, world: &WorldSettings) -> bool {
    world.metric_names().iter().any(|pattern| matches(pattern, name))
}

/// The worlds with the models that the sweep trains, or the first ones of a sweep that learns; one of
/// each model.
fn worlds(folder: &SweepFolder) -> Result<Vec<WorldSettings>> {
    let ahead = if folder.file.is_adaptive() { CHECKED_AHEAD.min(folder.len()) } else { folder.len() };
    let world = |index| Ok(folder.file.trial(index, &[]).check::<RunSettings>()?.settings.world);
    let mut worlds: Vec<WorldSettings> = (0..ahead).map(world).collect::<Result<_>>()?;
    worlds.sort_by_key(WorldSettings::model);
    worlds.dedup_by_key(|world| world.model());
    Ok(worlds)
}

/// Every run's settings are checked before the first one starts.
fn check(folder: &SweepFolder) -> Result<()> {
    folder.trials()?;
    folder.check_ahead(if folder.file.is_adaptive() { CHECKED_AHEAD } else { 0 })?;
    check_metrics(folder)?;
    ensure!(!folder.is_empty(), UserError(format!("{} spans no runs", folder.file.name)));
    Ok(())
}
