//! Every published settings file trains one step and is evaluated, as a whole command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::text;
use rayon::prelude::*;
use serde_json::Value;

/// The differences from the published files: the budget, one evaluation of few sequences, and
/// images that need no download.
const QUICK: &[&str] = &[
    "quick_debug=true",
    "wandb=false",
    "device=cpu",
    "threads=1",
    "dataset_batch_size=16",
    "eval_at_the_end_only=true",
    "dataset_structured_noise_path=dead_leaves",
];

/// Runs one file. Returns an error if the run fails or its evaluation is wrong.
fn tried(file: &Path, folder: &Path) -> Result<(), String> {
    let run = folder.join(file.file_stem().expect("a file has a name"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.arg("--configs").arg(file).arg("--values").args(QUICK);
    let output = command.arg(format!("output_path={}", run.display())).output().expect("train starts");
    if !output.status.success() {
        return Err(text(&output.stderr));
    }
    let evaluation = fs::read(run.join("evaluation.json")).map_err(|error| error.to_string())?;
    let evaluation: Value = serde_json::from_slice(&evaluation).map_err(|error| error.to_string())?;
    for part in ["prediction", "encoding"] {
        match evaluation[part]["rmse_px"].as_f64() {
            Some(error) if error.is_finite() && error > 0.0 => {}
            other => return Err(format!("{part}: {other:?}")),
        }
    }
    Ok(())
}

#[test]
fn all_published_settings_train_a_step_and_are_probed() {
    let at = tempfile::tempdir().expect("a folder");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reproduce_configs");
    let files = fs::read_dir(folder).expect("the published settings");
    let files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    assert_eq!(files.len(), 144);
    let failed: Vec<String> = files
        .par_iter()
        .filter_map(|file| tried(file, at.path()).err().map(|why| format!("{}: {why}", file.display())))
        .collect();
    assert!(failed.is_empty(), "{} of 144 failed\n{}", failed.len(), failed.join("\n"));
}
