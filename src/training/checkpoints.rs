//! Checkpoints of a run folder.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use tch::Tensor;

use super::Task;
use super::experiment::LOAD_CHECKPOINT;
use crate::checkpoints::Checkpoint;
use crate::runs::{Console, RunFolder, numbered_checkpoints};

/// The model's tensors in a checkpoint file.
///
/// # Errors
/// When the checkpoint cannot be read.
pub fn load_model_tensors(file: &Path) -> Result<HashMap<String, Tensor>> {
    Ok(Checkpoint::load_part(file, "model")?.part("model"))
}

/// Puts the model of the checkpoint `file`, which `load_checkpoint_path` names, in place of the
/// task's, and returns the checkpoint's step.
///
/// # Errors
/// When the checkpoint cannot be read or holds another model.
pub fn start_from(task: &mut impl Task, file: &Path) -> Result<u64> {
    let checkpoint = Checkpoint::load_part(file, "model").context(LOAD_CHECKPOINT)?;
    let does_not_fit = || format!("{LOAD_CHECKPOINT} {} holds another model", file.display());
    task.parameters().assign(&checkpoint.part("model")).with_context(does_not_fit)?;
    Ok(checkpoint.step)
}

/// The newest checkpoint that can be read; a damaged one costs a warning.
pub fn newest_checkpoint(run: &RunFolder, console: &Console) -> Option<Checkpoint> {
    numbered_checkpoints(run.path()).iter().rev().find_map(|path| match Checkpoint::load(path) {
        Ok(checkpoint) => Some(checkpoint),
        Err(error) => {
            console.warn(&format!("{error:#}; going back to the one before"));
            None
        }
    })
}
