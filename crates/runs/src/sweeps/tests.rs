//! Tests from the text of a sweep file to its trials.

mod distributions;
mod error_texts;
mod sampling;
mod trials;

use std::path::Path;

use super::{SweepFile, Trial};
use umwelt_settings::{SettingsError, example::RunSettings};

/// The result of `read` on a file `noise.yaml` with this content, or the text of its error.
fn in_file<T>(content: &str, read: impl FnOnce(&Path) -> Result<T, SettingsError>) -> Result<T, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noise.yaml");
    std::fs::write(&path, content).unwrap();
    read(&path).map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

fn read(content: &str, values: &[&str]) -> Result<SweepFile, String> {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    in_file(content, |path| SweepFile::read::<RunSettings>(path, &values))
}

#[track_caller]
fn sweep(content: &str) -> SweepFile {
    read(content, &[]).unwrap_or_else(|error| panic!("{error}"))
}

/// All trials of a sweep, without results.
fn trials(content: &str) -> Vec<Trial> {
    let sweep = sweep(content);
    (0..sweep.len()).map(|index| sweep.trial(index, &[])).collect()
}

/// The varied values of each trial, such as `a=1 seed=2`.
fn about(content: &str) -> Vec<String> {
    let about =
        |trial: &Trial| trial.varied.iter().map(|(key, shown)| format!("{key}={shown}")).collect::<Vec<_>>();
    trials(content).iter().map(|trial| about(trial).join(" ")).collect()
}
