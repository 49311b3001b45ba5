//! `umwelt evaluate`: the scores of a checkpoint, with other settings than its run had.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;

use super::{runs, train};
use crate::checkpoints::Checkpoint;
use crate::registry::{Registry, yaml_text};
use crate::runs::{
    best_checkpoint_path, checkpoint_path, checkpoint_step, numbered_checkpoints, preferred_checkpoint,
    run_name,
};
use crate::schema::RunSettings;
use crate::settings::{self, identity};
use crate::training::{LOAD_CHECKPOINT, Work};
use umwelt_base::{UserError, terminal};

/// The folder of the evaluations in a run folder.
const EVALUATIONS: &str = "evaluations";

/// Evaluates a checkpoint of a run again, with other settings if wanted
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt evaluate runs/quick
  umwelt evaluate quick --values probing_cfg.solver=adam
  umwelt evaluate quick --checkpoint newest --values dataset_noise=2

The results lie in RUN/evaluations. The same command again prints them.")]
pub struct EvaluateArguments {
    /// A run's name, folder, or a part of its name that no other has
    run: PathBuf,

    /// The checkpoint: `best` (the newest where there is no best), `newest`, a step, or a file
    #[arg(long, value_name = "CHECKPOINT", default_value = "best")]
    checkpoint: String,

    /// Settings to change, as dotted keys: probing_cfg.solver=adam
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    values: Vec<String>,

    /// The folder that holds the runs, in any depth
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    root: PathBuf,

    /// Print all settings and where each came from, and stop
    #[arg(long)]
    print_config: bool,

    /// Print the result only
    #[arg(long, short)]
    quiet: bool,
}

/// Evaluates the checkpoint that the arguments name.
///
/// # Errors
/// When the run or the checkpoint is unknown, and whatever stops the evaluation.
pub fn evaluate(arguments: &EvaluateArguments) -> Result<()> {
    let run = runs::find(&Registry::new(&arguments.root), &arguments.run)?.folder;
    let checkpoint = find_checkpoint(&run, &arguments.checkpoint)?;
    let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let own = [
        format!("{LOAD_CHECKPOINT}={}", yaml_text(&checkpoint.to_string_lossy())),
        format!("run_name={}", yaml_text(&format!("{name}-evaluation"))),
        "output_path=null".into(),
        "eval_only=false".into(),
    ];
    let values = [arguments.values.as_slice(), &own].concat();
    let resolved = settings::load::<RunSettings>(&[run.join("settings.yaml")], &values)?;
    if arguments.print_config {
        return terminal::print(resolved.print());
    }
    let step = Checkpoint::load_part(&checkpoint, "model")?.step;
    let best = if checkpoint == best_checkpoint_path(&run) { "best-" } else { "" };
    let folder = run_name(&format!("{best}step-{step}"), &identity(&resolved.settings));
    let folder = run.join(EVALUATIONS).join(folder);
    train::launch(Work::Evaluate, &resolved.settings, &folder, arguments.quiet)
}

/// The checkpoint of `run` that `wanted` names.
fn find_checkpoint(run: &Path, wanted: &str) -> Result<PathBuf> {
    let numbered = numbered_checkpoints(run);
    let of_step = |step: u64| Some(checkpoint_path(run, step)).filter(|path| path.is_file());
    let found = match wanted {
        "best" => return preferred_checkpoint(run),
        "newest" => numbered.last().cloned(),
        wanted => wanted.parse().ok().and_then(of_step).or_else(|| existing_file(wanted)),
    };
    let Some(found) = found else {
        let steps = numbered.iter().filter_map(|path| checkpoint_step(path));
        let choices: String = steps.map(|step| format!(", {step}")).collect();
        let place = run.display();
        bail!(UserError(format!(
            "--checkpoint {wanted}: {place} has no such checkpoint; choose best, newest{choices} or a file"
        )));
    };
    Ok(found)
}

fn existing_file(path: &str) -> Option<PathBuf> {
    Some(PathBuf::from(path)).filter(|path| path.is_file())
}
