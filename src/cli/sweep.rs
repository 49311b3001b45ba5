//! `umwelt sweep`: many runs from one file, on this machine or on a Slurm cluster.

mod cluster;
mod control;
mod here;

pub use control::note_of_stray_runs;

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

/// The number of random first points of an adaptive sweep that are checked before it starts.
const CHECKED_AHEAD: usize = 10;

/// Runs the trials of a sweep file on this machine or on a Slurm cluster.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt sweep experiments/noise.yaml --dry-run              list the runs, start none
  umwelt sweep experiments/noise.yaml --jobs 2               two at a time on this machine
  umwelt sweep experiments/noise.yaml --slurm --partition gpu --gres gpu:1 --time 2:00:00
  umwelt sweep experiments/noise.yaml --status
  umwelt report experiments/noise.yaml                       the table and the figure

The same command again resumes a stopped sweep. Finished runs are not repeated.")]
pub struct SweepArguments {
    /// The sweep file
    file: PathBuf,

    /// Settings for all runs, which override those of the file: vicreg.epochs=2
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    values: Vec<String>,

    /// Folder of the sweep [default: runs/NAME]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// Only the first N runs, to try the sweep out
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Print the runs of the sweep and start none
    #[arg(long, group = "instead")]
    dry_run: bool,

    /// Print the status of each run and start none
    #[arg(long, group = "instead")]
    status: bool,

    /// Stop the runs with a checkpoint, so that the sweep can be resumed
    #[arg(long, group = "instead")]
    cancel: bool,

    /// Resume a sweep; an error if none of its runs was started
    #[arg(long)]
    resume: bool,

    /// Restart failed runs from their last checkpoint
    #[arg(long, value_name = "WHICH")]
    retry: Option<Retry>,

    /// Runs at a time [default: one per GPU, else one per two cores]
    #[arg(long, value_name = "N", value_parser = slurm::positive)]
    jobs: Option<usize>,

    /// CPU threads of each run [default: the cores divided by the runs at a time]
    #[arg(long, value_name = "N", value_parser = slurm::positive)]
    threads: Option<usize>,

    /// Print only the final table
    #[arg(long, short)]
    quiet: bool,

    /// Run one task of a job array; FILE is the submission file
    #[arg(long, hide = true)]
    task: bool,

    #[command(flatten)]
    slurm: SlurmOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Retry {
    Failed,
}

/// Runs `umwelt sweep`.
///
/// # Errors
/// A mistake in the sweep file, [`crate::training::Interrupted`], or failed runs.
pub fn sweep(arguments: &SweepArguments) -> Result<()> {
    if arguments.task {
        return slurm::run_task::<RunSettings>(&arguments.file);
    }
    arguments.slurm.check().map_err(UserError)?;
    let SweepArguments { file, values, output, limit, .. } = arguments;
    let folder = SweepFolder::open::<RunSettings>(file, values, output.as_deref(), *limit)?;
    if arguments.status {
        return control::status(&folder);
    }
    if arguments.cancel {
        return control::cancel(&folder);
    }
    check(&folder)?;
    if arguments.dry_run {
        return control::dry_run(&folder, arguments);
    }
    if arguments.resume && folder.statuses()?.iter().all(|status| status.state == TrialState::Waiting) {
        let message = format!("no run in {} was started; leave out --resume", folder.path().display());
        return Err(UserError(message).into());
    }
    if arguments.slurm.slurm {
        cluster::submit(&folder, arguments)
    } else {
        here::run_here(&folder, arguments)
    }
}

/// Refuses a metric of the sweep or its early stopping that none of its models logs.
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

/// The world settings of the sweep's trials, one of each model. An adaptive sweep is represented by
/// its first trials.
fn worlds(folder: &SweepFolder) -> Result<Vec<WorldSettings>> {
    let ahead = if folder.file.is_adaptive() { CHECKED_AHEAD.min(folder.len()) } else { folder.len() };
    let world = |index| Ok(folder.file.trial(index, &[]).check::<RunSettings>()?.settings.world);
    let mut worlds: Vec<WorldSettings> = (0..ahead).map(world).collect::<Result<_>>()?;
    worlds.sort_by_key(WorldSettings::model);
    worlds.dedup_by_key(|world| world.model());
    Ok(worlds)
}

/// Checks the settings of all runs before the first one starts.
fn check(folder: &SweepFolder) -> Result<()> {
    folder.trials()?;
    folder.check_ahead(if folder.file.is_adaptive() { CHECKED_AHEAD } else { 0 })?;
    check_metrics(folder)?;
    ensure!(!folder.is_empty(), UserError(format!("{} defines no runs", folder.file.name)));
    Ok(())
}
