//! `train`: a trained and evaluated model in a run folder, from settings.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use tch::Device;

use crate::native;
use crate::registry::Rerun;
use crate::runs::{Console, default_folder, safe};
use crate::schema::RunSettings;
use crate::settings;
use crate::threads::use_threads;
use crate::training::{Launch, Work};
use umwelt_base::UserError;
use umwelt_base::stop::{Interrupted, Stop};
use umwelt_base::terminal;
use umwelt_base::threads as count;

/// Trains a model and evaluates it
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  train --configs \"reproduce_configs/sweep_changing_uniform.(1).vicreg.best.yaml\" \\
      --values vicreg.epochs=20 output_path=runs/changing1

The same command continues a run that was stopped. Every key, its value and where the value came from:
  train --values model_type=VICReg --print-config")]
pub struct TrainArguments {
    /// YAML files that are laid over the defaults, from left to right
    #[arg(long, value_name = "FILE", num_args = 1..)]
    configs: Vec<PathBuf>,

    /// Settings that are laid over the files, as dotted keys: vicreg.base_lr=0.2
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    values: Vec<String>,

    /// Print all settings and where each came from, and stop
    #[arg(long)]
    print_config: bool,

    /// Print the result only
    #[arg(long, short)]
    quiet: bool,
}

impl From<Rerun> for TrainArguments {
    fn from(again: Rerun) -> Self {
        Self { configs: again.configs, values: again.values, print_config: false, quiet: false }
    }
}

/// Trains by the settings of the arguments, or prints the settings.
///
/// # Errors
/// A mistake in the settings, and any error that stops the run.
pub fn train(arguments: &TrainArguments) -> Result<()> {
    let resolved = settings::load::<RunSettings>(&arguments.configs, &arguments.values)?;
    if arguments.print_config {
        return terminal::print(resolved.print());
    }
    let folder = output_path(&resolved.settings, &arguments.configs);
    launch(Work::Train, &resolved.settings, &folder, arguments.quiet)
}

/// Does `work` by `settings` in `folder`, on the device and with the threads that they name.
///
/// # Errors
/// Any error that stops the run.
pub fn launch(work: Work, settings: &RunSettings, folder: &Path, quiet: bool) -> Result<()> {
    let stop = Stop::listen()?;
    let mut console = Console::new(quiet);
    let result = run(work, settings, folder, &mut console, &stop);
    if result.as_ref().is_err_and(|error| error.is::<Interrupted>()) {
        let reason = if stop.is_requested() { stop.reason() } else { "the file `stop`" };
        console.warn(&format!("stopped by {reason}; the same command goes on from here"));
    }
    result
}

fn run(work: Work, settings: &RunSettings, folder: &Path, console: &mut Console, stop: &Stop) -> Result<()> {
    let threads = threads(settings.run.threads)?;
    native::check_version()?;
    native::deterministic();
    native::keep_freed_memory();
    let device = device(&settings.run.device)?;
    use_threads(threads)?;
    Launch { device, threads, console, stop }.run(work, settings, folder)
}

/// The device that a setting names.
pub fn device(name: &str) -> Result<Device> {
    let missing = |what: &str, hint: &str| UserError(format!("device={name}: {what}; {hint}"));
    let cuda = |index| {
        if index < tch::Cuda::device_count() as usize {
            return Ok(Device::Cuda(index));
        }
        let hint = "see `umwelt doctor`, or use device=cpu";
        Err(missing(&format!("there are {} CUDA devices here", tch::Cuda::device_count()), hint).into())
    };
    match name {
        "cpu" => Ok(Device::Cpu),
        "auto" => Ok(Device::cuda_if_available()),
        "mps" if tch::utils::has_mps() => Ok(Device::Mps),
        "mps" => Err(missing("there is no Metal here", "use device=cpu").into()),
        "cuda" => cuda(0),
        other => cuda(other.trim_start_matches("cuda:").parse().unwrap_or(usize::MAX)),
    }
}

/// The number of CPU threads: `wanted`; if that is 0, `OMP_NUM_THREADS`; if that is unset, all
/// cores.
fn threads(wanted: usize) -> Result<usize> {
    if wanted > 0 {
        return Ok(wanted);
    }
    Ok(count::granted().map_err(UserError)?.unwrap_or_else(count::cores))
}

/// The folder of the run: `output_path`, or a folder below `runs` named by the identity of the
/// settings.
pub fn output_path(settings: &RunSettings, configs: &[PathBuf]) -> PathBuf {
    if let Some(path) = &settings.run.output_path {
        return path.into();
    }
    let config = || Some(configs.first()?.file_stem()?.to_string_lossy().into_owned());
    let name = settings.run.run_name.clone().filter(|name| !safe(name, '_').is_empty());
    let name = name.or_else(config).unwrap_or_else(|| settings.model().to_owned());
    default_folder(settings.run.run_group.as_deref(), &name, settings)
}
