//! `umwelt runs`: what was run, how it went, and which was best.

mod list;
mod trash;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};

use super::train::output_path;
use crate::registry::{self, Filter, Listing, Registry, Rerun, Run, shown};
use crate::runs::{Goal, RunSummary, unix_seconds};
use crate::schema::RunSettings;
use crate::settings;
use umwelt_base::terminal::{self, print, print_line};
use umwelt_base::threads::cores;

/// Lists runs, shows and compares them, finds the best, moves them away
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt runs ls --group noise 'prediction.rmse_px<2' --sort prediction.rmse_px
  umwelt runs diff quick changing1
  umwelt runs best model_type=VICReg dataset_noise=1
  umwelt runs rerun quick --values seed=2")]
pub struct RunsArguments {
    #[command(subcommand)]
    command: Command,

    /// The folder that holds the runs, in any depth
    #[arg(long, global = true, value_name = "FOLDER", default_value = "runs")]
    root: PathBuf,
}

#[derive(Subcommand, Debug)]
enum Command {
    Ls(list::ListArguments),
    /// Show all about one run
    Show {
        /// A run's name, folder, or a part of its name that no other has
        run: PathBuf,
    },
    /// Show the settings in which runs differ, and their scores
    Diff {
        /// Names, folders, or parts of names
        #[arg(required = true, num_args = 2..)]
        runs: Vec<PathBuf>,
    },
    /// Name the best finished run and the command that made it
    Best {
        /// As for `umwelt runs ls`
        filters: Vec<String>,

        /// The score to compare by [default: the first score that the runs are about]
        #[arg(long, value_name = "SCORE")]
        metric: Option<String>,

        /// Take the largest value for the best [default: as the runs say, else the smallest]
        #[arg(long)]
        maximize: bool,
    },
    /// Make a run once more, in a new folder
    Rerun {
        /// A run's name, folder, or a part of its name
        run: PathBuf,

        /// Settings to change, as dotted keys: seed=2
        #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
        values: Vec<String>,

        /// Print the command instead
        #[arg(long)]
        print: bool,
    },
    Rm(trash::RemoveArguments),
    /// Bring back what `rm` moved to the trash
    Restore {
        /// The run's name; without it, the trash is listed
        run: Option<PathBuf>,
    },
    /// Bring the index up to date; only speed depends on it
    Index {
        /// Forget the old one first
        #[arg(long)]
        rebuild: bool,
    },
}

/// Runs what the arguments ask for; `train` makes a run once more.
///
/// # Errors
/// When a run, column or score is unknown; what was meant is suggested.
pub fn runs(arguments: &RunsArguments, train: impl FnOnce(Rerun) -> Result<()>) -> Result<()> {
    // rayon would take as many threads as RAYON_NUM_THREADS says, which may be more than a machine can give.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(cores()).build_global();
    let registry = Registry::new(&arguments.root);
    match &arguments.command {
        Command::Ls(arguments) => list::list(&registry, arguments),
        Command::Show { run } => show(&registry, run),
        Command::Diff { runs } => diff(&registry, runs),
        Command::Best { filters, metric, maximize } => best(&registry, filters, metric.as_deref(), *maximize),
        Command::Rerun { run, values, print } => {
            let again = in_new_folder(registry::rerun(&find(&registry, run)?, values))?;
            if !print {
                return train(again);
            }
            print_line(again.command())
        }
        Command::Rm(arguments) => trash::remove(&registry, arguments),
        Command::Restore { run } => trash::restore(&registry, run.as_deref()),
        Command::Index { rebuild } => index(&registry, *rebuild),
    }
}

/// The same run in a folder that is not there yet: where nothing but the name can tell the two apart, it is numbered.
fn in_new_folder(again: Rerun) -> Result<Rerun> {
    let settings = settings::load::<RunSettings>(&again.configs, &again.values)?.settings;
    if settings.run.output_path.is_some() || !output_path(&settings, &again.configs).exists() {
        return Ok(again);
    }
    let name = settings.run.run_name.clone().unwrap_or_default();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut free = numbered.filter(|name| {
        let mut renamed = settings.clone();
        renamed.run.run_name = Some(name.clone());
        !output_path(&renamed, &again.configs).exists()
    });
    let name = free.next().expect("numbers do not end");
    let values = again.values.into_iter().filter(|value| !value.starts_with("run_name="));
    Ok(Rerun { values: values.chain([format!("run_name={name}")]).collect(), ..again })
}

fn all_runs(registry: &Registry) -> Result<Vec<RunSummary>> {
    let Listing { runs, warning } = registry.runs()?;
    if let Some(warning) = warning {
        terminal::note(format!("warning: {warning}"));
    }
    Ok(runs)
}

pub(super) fn find(registry: &Registry, typed: &Path) -> Result<Run> {
    Ok(registry.find(&all_runs(registry)?, typed)?)
}

fn find_all(registry: &Registry, typed: &[PathBuf]) -> Result<Vec<Run>> {
    let runs = all_runs(registry)?;
    typed.iter().map(|typed| Ok(registry.find(&runs, typed)?)).collect()
}

fn show(registry: &Registry, typed: &Path) -> Result<()> {
    print(registry::details::<RunSettings>(&find(registry, typed)?, unix_seconds()))
}

fn diff(registry: &Registry, typed: &[PathBuf]) -> Result<()> {
    print(registry::comparison(&find_all(registry, typed)?))
}

fn best(registry: &Registry, filters: &[String], metric: Option<&str>, maximize: bool) -> Result<()> {
    let filters = filters.iter().map(|typed| typed.parse()).collect::<Result<Vec<Filter>, _>>()?;
    let query = registry::Query::filtered(filters);
    let runs = query.select(all_runs(registry)?, unix_seconds())?;
    let mut by = registry::compared_by(&runs, metric)?;
    if maximize {
        by.goal = Goal::Maximize;
    }
    let (best, count) = registry::best(runs, &by)?;
    let folder = registry.folder_of(&best.name);
    let (name, score) = (&by.name, best.score(&by.name).unwrap_or(f64::NAN));
    print_line(format!("{}: {name} {score:.3}, the best of {count} finished", shown(&folder)))?;
    registry::command(&folder).map_or(Ok(()), print_line)
}

fn index(registry: &Registry, rebuild: bool) -> Result<()> {
    let Listing { runs, warning } = if rebuild { registry.rebuild()? } else { registry.runs()? };
    match warning {
        Some(warning) => anyhow::bail!(warning),
        None => print_line(format!("{} runs in {}", runs.len(), registry.index().display())),
    }
}
