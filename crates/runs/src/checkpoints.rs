//! The files of a run's checkpoints: their names and the removal of old ones.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder of the checkpoints in a run folder.
pub const CHECKPOINTS: &str = "checkpoints";
/// The checkpoint with the best score.
const BEST: &str = "best.safetensors";
/// The numbered checkpoints that are kept.
const KEPT: usize = 2;

/// The file for the checkpoint of `step` in the run folder `run`.
pub fn checkpoint_path(run: &Path, step: u64) -> PathBuf {
    run.join(CHECKPOINTS).join(format!("step-{step:010}.safetensors"))
}

/// The step in the name of a file of [`checkpoint_path`].
pub fn checkpoint_step(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.strip_prefix("step-")?.parse().ok()
}

/// The file for the checkpoint with the best score in the run folder `run`.
pub fn best_checkpoint_path(run: &Path) -> PathBuf {
    run.join(CHECKPOINTS).join(BEST)
}

/// The numbered checkpoints of the run folder `run`, oldest first.
pub fn numbered_checkpoints(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.join(CHECKPOINTS)).into_iter().flatten().flatten();
    let numbered =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-"));
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(numbered).collect();
    found.sort();
    found
}

/// Removes all numbered checkpoints of the run folder `run` but the newest two.
pub fn prune_checkpoints(run: &Path) {
    for old in numbered_checkpoints(run).iter().rev().skip(KEPT) {
        let _ = fs::remove_file(old);
    }
}

/// The best checkpoint of the run folder `run`; without one, the newest.
///
/// # Errors
/// The run has no checkpoint.
pub fn preferred_checkpoint(run: &Path) -> Result<PathBuf> {
    let best = best_checkpoint_path(run);
    if best.is_file() {
        return Ok(best);
    }
    let none = || format!("no checkpoint in {}", run.join(CHECKPOINTS).display());
    numbered_checkpoints(run).pop().with_context(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_two_and_the_best_are_kept_and_the_best_is_preferred() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path();
        assert!(preferred_checkpoint(run).unwrap_err().to_string().starts_with("no checkpoint in "));
        fs::create_dir(run.join(CHECKPOINTS)).unwrap();
        for step in [5, 100, 20, 9] {
            fs::write(checkpoint_path(run, step), "").unwrap();
        }
        assert_eq!(preferred_checkpoint(run).unwrap(), checkpoint_path(run, 100));
        assert_eq!(checkpoint_step(&checkpoint_path(run, 100)), Some(100));
        assert_eq!(checkpoint_step(&best_checkpoint_path(run)), None);
        fs::write(best_checkpoint_path(run), "").unwrap();
        prune_checkpoints(run);
        assert_eq!(numbered_checkpoints(run), [checkpoint_path(run, 20), checkpoint_path(run, 100)]);
        assert_eq!(preferred_checkpoint(run).unwrap(), best_checkpoint_path(run));
    }
}
