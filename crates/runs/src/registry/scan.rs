//! The search for run folders.

use std::fs::{self, DirEntry, Metadata};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use rayon::prelude::*;

use super::name::name_of;
use super::stamp::FileStamp;
use crate::EVALUATION;

/// A run folder that a scan found.
pub struct ScannedRun {
    /// The name of its path below the root.
    pub name: String,
    /// A text that changes whenever the run's settings, status or score card change.
    pub stamp: String,
}

/// All run folders below `root`; empty if `root` is missing.
///
/// # Errors
/// `root` cannot be read. Unreadable folders below it are skipped.
pub fn scan(root: &Path) -> Result<Vec<ScannedRun>> {
    match fs::read_dir(root) {
        Ok(entries) => Ok(visit_all(entries.flatten().collect(), "")),
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(error).with_context(|| format!("could not read the folder {}", root.display())),
    }
}

fn visit_all(entries: Vec<DirEntry>, below: &str) -> Vec<ScannedRun> {
    entries.into_par_iter().flat_map(|entry| visit(&entry, below)).collect()
}

fn visit(entry: &DirEntry, below: &str) -> Vec<ScannedRun> {
    let Ok(kind) = entry.file_type() else { return vec![] };
    let name = name_of(Path::new(&entry.file_name()));
    if name.starts_with('.') || !(kind.is_dir() || kind.is_symlink()) {
        return vec![];
    }
    let (path, name) = (entry.path(), format!("{below}{name}"));
    if let Some(stamp) = stamp(&path) {
        return vec![ScannedRun { name, stamp }];
    }
    // A link to a run counts, but a link to a folder of runs is not followed: it could be a circle.
    let entries = if kind.is_dir() { fs::read_dir(path).ok() } else { None };
    visit_all(entries.into_iter().flatten().flatten().collect(), &format!("{name}/"))
}

/// The stamp of a run folder; `None` for other folders.
///
/// It includes the version of this program, since another version may read the files differently.
fn stamp(folder: &Path) -> Option<String> {
    let file = |name: &str| fs::metadata(folder.join(name)).ok().filter(Metadata::is_file);
    let (settings, status) = (file("settings.yaml"), file("status.json"));
    let text = |file: Option<Metadata>| file.map_or("-".into(), |file| FileStamp::of(&file).to_string());
    let is_run = settings.is_some() || status.is_some();
    is_run.then(|| {
        let files = [settings, status, file(EVALUATION)].map(text).join(" ");
        format!("{} {files}", env!("CARGO_PKG_VERSION"))
    })
}
