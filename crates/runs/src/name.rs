//! Names of run folders: readable, safe as a part of a path, and the same for the same settings.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Status;
use super::folder::SETTINGS;
use umwelt_settings::{self as settings, Schema, identity, is_identity};

/// The default folder of all runs.
const RUNS: &str = "runs";
/// The most bytes of a folder's name; file systems allow 255.
const LONGEST: usize = 80;

/// `text` as one part of a path: every character but letters, digits and `=,._+-` becomes `by`.
///
/// Leading dots and dashes are dropped: they mark hidden files, parent folders and options.
pub fn safe(text: &str, by: char) -> String {
    let keep = |c: char| if c.is_alphanumeric() || "=,._+-".contains(c) { c } else { by };
    text.trim_start_matches(['.', '-']).chars().map(keep).collect()
}

/// `NAME-IDENTITY`, the name made [`safe`] and cut to fit.
pub fn run_name(name: &str, identity: &str) -> String {
    let mut name = safe(name, '_');
    name.truncate(name.floor_char_boundary(LONGEST - identity.len() - 1));
    format!("{name}-{identity}")
}

/// The default folder of a run: `runs/GROUP/NAME-IDENTITY`, or a folder in which an earlier version
/// started a run with the same settings.
pub fn default_folder<T: Schema>(group: Option<&str>, name: &str, settings: &T) -> PathBuf {
    let identity = identity(settings);
    let parent = Path::new(RUNS).join(safe(group.unwrap_or_default(), '_'));
    let folder = parent.join(run_name(name, &identity));
    if folder.exists() {
        return folder;
    }
    // Earlier versions used group and name unchanged.
    let before = Path::new(RUNS).join(group.unwrap_or_default()).join(format!("{name}-"));
    let beside = [(parent, format!("{}-", safe(name, '_'))), split(&before)];
    let same = |(parent, start): (PathBuf, String)| same_name::<T>(&parent, &start).remove(&identity);
    beside.into_iter().find_map(same).unwrap_or(folder)
}

fn split(path: &Path) -> (PathBuf, String) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (path.parent().unwrap_or(Path::new("")).to_owned(), name)
}

/// The runs in `parent` whose names are `start` and an identity of any version.
fn same_name<T: Schema>(parent: &Path, start: &str) -> HashMap<String, PathBuf> {
    by_identity::<T>(parent, |name| name.strip_prefix(start).is_some_and(is_identity))
}

/// The runs in `parent` whose folder names are `wanted`, by the identities of their settings.
///
/// Of several runs with one identity the finished one counts, or else the one with the most steps.
/// Folders without readable settings are left out.
pub fn by_identity<T: Schema>(parent: &Path, wanted: impl Fn(&str) -> bool) -> HashMap<String, PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        entries.filter(|entry| wanted(&entry.file_name().to_string_lossy())).map(|e| e.path()).collect();
    folders.sort_by_cached_key(|folder| (Reverse(progress(folder)), folder.clone()));
    let mut found = HashMap::new();
    for folder in folders {
        if let Some(identity) = identity_of::<T>(&folder) {
            found.entry(identity).or_insert(folder);
        }
    }
    found
}

fn progress(folder: &Path) -> (bool, u64) {
    Status::read(folder).map_or((false, 0), |status| (status.state.is_over(), status.step))
}

fn identity_of<T: Schema>(folder: &Path) -> Option<String> {
    settings_in::<T>(folder).map(|settings| identity(&settings))
}

/// The settings of the run in `folder`, if there are any that can be read.
pub fn settings_in<T: Schema>(folder: &Path) -> Option<T> {
    let file = folder.join(SETTINGS);
    // Most folders hold no settings. The check is faster than a discarded error message.
    let resolved = file.is_file().then(|| settings::load::<T>(&[file], &[]))?;
    Some(resolved.ok()?.settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use umwelt_settings::example::RunSettings;

    #[test]
    fn a_name_is_one_part_of_a_path() {
        let cases = [
            ("lr=0.1/wd=0.2", "lr=0.1_wd=0.2"),
            ("../../up", "_.._up"),
            ("/abs", "_abs"),
            ("--flag", "flag"),
            ("..", ""),
            ("a\nb\0c", "a_b_c"),
            ("größe 2", "größe_2"),
        ];
        for (text, expected) in cases {
            assert_eq!(safe(text, '_'), expected);
        }
    }

    #[test]
    fn a_long_name_is_cut_between_two_letters() {
        let name = run_name(&"ü".repeat(100), "01234567");
        assert_eq!(name, format!("{}-01234567", "ü".repeat(35)));
    }

    #[test]
    fn the_run_that_is_finished_counts_among_those_of_the_same_settings() {
        let parent = tempfile::tempdir().unwrap();
        for (name, seed, state, step) in
            [("a", 1, "running", 9), ("b", 1, "finished", 5), ("c", 1, "running", 7), ("d", 2, "running", 1)]
        {
            let folder = parent.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("settings.yaml"), format!("model_type: VICReg\nseed: {seed}\n")).unwrap();
            let status = Status { step, ..Status::new() };
            let status = serde_json::to_string(&status).unwrap().replace("running", state);
            fs::write(folder.join("status.json"), status).unwrap();
        }
        fs::create_dir(parent.path().join("e")).unwrap();
        let found = by_identity::<RunSettings>(parent.path(), |name| name != "d");
        assert_eq!(found.into_values().collect::<Vec<_>>(), [parent.path().join("b")]);
    }
}
