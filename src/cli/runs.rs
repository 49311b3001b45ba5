//! `umwelt runs`: lists, compares, repeats and removes runs.

mod list;
mod trash;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};

use super::train::output_path;
use crate::registry::{self, Filter, Listing, Registry, Rerun, Run, shown};
use crate::runs::{Goal, RunSummary, request_stop, unix_seconds};
use crate::schema::RunSettings;
use crate::settings;
use umwelt_base::terminal::{self, print, print_line};
use umwelt_base::threads::cores;

/// Lists, shows, compares, repeats and removes runs
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

    /// The folder of the runs, at any depth
    #[arg(long, global = true, value_name = "FOLDER", default_value = "runs")]
    root: PathBuf,
}

#[derive(Subcommand, Debug)]
enum Command {
    Ls(list::ListArguments),
    /// Show the settings, scores and files of a run
    Show {
        /// The name or folder of a run, or a unique part of its name
        run: PathBuf,
    },
    /// Show the settings in which runs differ, and their scores
    Diff {
        /// Names or folders of runs, or unique parts of their names
        #[arg(required = true, num_args = 2..)]
        runs: Vec<PathBuf>,
    },
    /// Print the best finished run and its command
    Best {
        /// Conditions as for `umwelt runs ls`
        filters: Vec<String>,

        /// The score to compare by [default: the first headline score of the runs]
        #[arg(long, value_name = "SCORE")]
        metric: Option<String>,

        /// The largest value is the best [default: as the runs say, else the smallest]
        #[arg(long)]
        maximize: bool,
    },
    /// Repeat a run in a new folder
    Rerun {
        /// The name or folder of a run, or a unique part of its name
        run: PathBuf,

        /// Settings to change, as dotted keys: seed=2
        #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
        values: Vec<String>,

        /// Print the command instead
        #[arg(long)]
        print: bool,
    },
    /// Ask a running run to leave a checkpoint and stop
    Stop {
        /// The name or folder of a run, or a unique part of its name
        run: PathBuf,
    },
    Rm(trash::RemoveArguments),
    /// Restore a run from the trash
    Restore {
        /// The name of the run; without a name, the trash is listed
        run: Option<PathBuf>,
    },
    /// Update the index, which makes lists fast
    Index {
        /// Build it anew
        #[arg(long)]
        rebuild: bool,
    },
}

/// Runs a subcommand. `train` repeats a run.
///
/// # Errors
/// An unknown run, column or score; the error suggests the nearest names.
pub fn runs(arguments: &RunsArguments, train: impl FnOnce(Rerun) -> Result<()>) -> Result<()> {
    // RAYON_NUM_THREADS may ask for more threads than the machine has cores.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(cores()).build_global();
    let registry = Registry::new(&arguments.root);
    match &arguments.command {
        Command::Ls(arguments) => list::list(&registry, arguments),
        Command::Show { run } => show(&registry, run),
        Command::Diff { runs } => diff(&registry, runs),
        Command::Best { filters, metric, maximize } => best(&registry, filters, metric.as_deref(), *maximize),
        Command::Rerun { run, values, print } => {
            let rerun = in_new_folder(registry::rerun(&find(&registry, run)?, values))?;
            if !print {
                return train(rerun);
            }
            print_line(rerun.command())
        }
        Command::Stop { run } => stop(&registry, run),
        Command::Rm(arguments) => trash::remove(&registry, arguments),
        Command::Restore { run } => trash::restore(&registry, run.as_deref()),
        Command::Index { rebuild } => index(&registry, *rebuild),
    }
}

/// `rerun` with a folder that does not exist yet: if its default folder exists, a number is added
/// to the name of the run.
fn in_new_folder(rerun: Rerun) -> Result<Rerun> {
    let settings = settings::load::<RunSettings>(&rerun.configs, &rerun.values)?.settings;
    if settings.run.output_path.is_some() || !output_path(&settings, &rerun.configs).exists() {
        return Ok(rerun);
    }
    let name = settings.run.run_name.clone().unwrap_or_default();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut free = numbered.filter(|name| {
        let mut renamed = settings.clone();
        renamed.run.run_name = Some(name.clone());
        !output_path(&renamed, &rerun.configs).exists()
    });
    let name = free.next().expect("some number is free");
    let values = rerun.values.into_iter().filter(|value| !value.starts_with("run_name="));
    Ok(Rerun { values: values.chain([format!("run_name={name}")]).collect(), ..rerun })
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

fn stop(registry: &Registry, typed: &Path) -> Result<()> {
    let run = find(registry, typed)?;
    request_stop(&run.folder)?;
    print_line(format!("{} stops at its next logged step", shown(&run.folder)))
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
    let unit = if by.unit.is_empty() { String::new() } else { format!(" {}", by.unit) };
    print_line(format!("{}: {name} {score:.3}{unit}, the best of {count} finished", shown(&folder)))?;
    registry::command(&folder).map_or(Ok(()), print_line)
}

fn index(registry: &Registry, rebuild: bool) -> Result<()> {
    let Listing { runs, warning } = if rebuild { registry.rebuild()? } else { registry.runs()? };
    match warning {
        Some(warning) => anyhow::bail!(warning),
        None => print_line(format!("{} runs in {}", runs.len(), registry.index().display())),
    }
}
