//! Finding run folders.

use std::fs::{self, DirEntry, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};
use rayon::prelude::*;

use super::name::name_of;

/// A run folder.
pub struct Found {
    /// The name of its path below the root.
    pub name: String,
    /// Changes whenever the run's status or settings do.
    pub stamp: String,
}

/// All run folders below `root`; none where there is no such folder.
///
/// # Errors
/// When `root` cannot be looked into. Folders further down that cannot are passed over.
pub fn scan(root: &Path) -> Result<Vec<Found>> {
    match fs::read_dir(root) {
        Ok(entries) => Ok(visit_all(entries.flatten().collect(), "")),
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(error).with_context(|| format!("could not look into {}", root.display())),
    }
}

fn visit_all(entries: Vec<DirEntry>, below: &str) -> Vec<Found> {
    entries.into_par_iter().flat_map(|entry| visit(&entry, below)).collect()
}

fn visit(entry: &DirEntry, below: &str) -> Vec<Found> {
    let Ok(kind) = entry.file_type() else { return vec![] };
    let name = name_of(Path::new(&entry.file_name()));
    if name.starts_with('.') || !(kind.is_dir() || kind.is_symlink()) {
        return vec![];
    }
    let (path, name) = (entry.path(), format!("{below}{name}"));
    if let Some(stamp) = stamp(&path) {
        return vec![Found { name, stamp }];
    }
    // A link may lead to a run, but following it further could lead round in circles.
    let entries = if kind.is_dir() { fs::read_dir(path).ok() } else { None };
    visit_all(entries.into_iter().flatten().flatten().collect(), &format!("{name}/"))
}

/// The stamp of a run folder, `None` for any other. The version is a part: another may read the files differently.
fn stamp(folder: &Path) -> Option<String> {
    let file = |name: &str| fs::metadata(folder.join(name)).ok().filter(Metadata::is_file);
    let (settings, status) = (file("settings.yaml"), file("status.json"));
    (settings.is_some() || status.is_some())
        .then(|| format!("{} {} {}", env!("CARGO_PKG_VERSION"), mark(settings), mark(status)))
}

/// A replaced file may be as long as the old one and written in the same tick of the clock, but is another inode.
fn mark(file: Option<Metadata>) -> String {
    file.map_or("-".into(), |m| format!("{}.{:09}:{}:{}", m.mtime(), m.mtime_nsec(), m.size(), m.ino()))
}
