//! Checkpoints of a run folder.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use tch::Tensor;

use crate::checkpoints::Checkpoint;
use crate::runs::{Console, RunFolder, numbered_checkpoints, preferred_checkpoint};

/// The model's tensors in a checkpoint file, or in the best (else the newest) checkpoint of a run folder.
///
/// # Errors
/// When there is no checkpoint, or it cannot be read.
pub fn load_model_tensors(path: &Path) -> Result<HashMap<String, Tensor>> {
    let file = if path.is_dir() { preferred_checkpoint(path)? } else { path.to_owned() };
    Ok(Checkpoint::load_part(&file, "model")?.part("model"))
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
