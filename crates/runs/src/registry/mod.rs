//! The registry: lists, compares, removes and restores the runs below a folder.
//!
//! The run folders are the truth. The index only saves reading folders that have not changed.

mod columns;
mod comparison;
mod details;
mod files;
mod filter;
mod find;
mod format;
mod index;
mod name;
mod query;
mod rerun;
mod resume;
mod scan;
mod stamp;
#[cfg(test)]
mod tests;
mod trash;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use rayon::prelude::*;

use crate::{RunState, RunSummary};

pub use columns::{OWN, csv, default_columns, json, table, value};
pub use comparison::comparison;
pub use details::{command, details};
pub use files::{RunFile, open_beneath, run_files};
pub use filter::Filter;
pub use find::Run;
pub use name::{name_of, path_of, quoted, shown};
pub use query::{Query, best, check_key, compared_by, is_in_group};
pub use rerun::{Rerun, rerun, yaml_text};
pub use resume::{resume, resume_command};
use scan::ScannedRun;
pub use stamp::FileStamp;
pub use trash::Trashed;

/// The runs below a folder.
#[derive(Clone, Debug)]
pub struct Registry {
    root: PathBuf,
}

/// The runs of a registry at one moment.
#[derive(Debug)]
pub struct Listing {
    /// The runs, sorted by name.
    pub runs: Vec<RunSummary>,
    /// The problem with the index, if there is one.
    pub warning: Option<String>,
}

impl Registry {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the run `name`.
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.root.join(name::path_of(name))
    }

    pub fn index(&self) -> PathBuf {
        self.root.join(".index.sqlite")
    }

    /// All runs below the root. Reads the folders that have changed, and updates the index.
    ///
    /// # Errors
    /// The root cannot be read, or is a run itself. A problem with the index is a warning.
    pub fn runs(&self) -> Result<Listing> {
        ensure!(
            !RunSummary::is_run(&self.root),
            "{0} is a run itself; --root names the folder that holds runs (`umwelt runs show {0}` shows the run)",
            self.root.display()
        );
        // The index is read before the folders are scanned: an indexed run that the scan does not
        // find is gone for certain.
        let (known, unread) = match index::rows(&self.index()) {
            Ok(rows) => (rows, None),
            Err(error) => (index::Rows::new(), Some(self.unreadable(&error))),
        };
        let scanned = scan::scan(&self.root)?;
        let mut indexed: Vec<IndexedRun> =
            scanned.into_par_iter().map(|scanned| self.indexed_or_read(scanned, &known)).collect();
        let write = || index::update(&self.index(), &known, &indexed).err();
        let warning = unread.or_else(|| write().map(|error| self.unwritable(&error)));
        indexed.sort_by(|a, b| a.summary.name.cmp(&b.summary.name));
        let mut runs: Vec<RunSummary> = indexed.into_iter().map(|run| run.summary).collect();
        for run in runs.iter_mut().filter(|run| run.state == RunState::Running) {
            run.check_process(&self.folder_of(&run.name));
        }
        Ok(Listing { runs, warning })
    }

    /// Builds the index anew, and returns the runs.
    ///
    /// # Errors
    /// The old index cannot be deleted, or an error of [`Self::runs`].
    pub fn rebuild(&self) -> Result<Listing> {
        index::clear(&self.index())?;
        self.runs()
    }

    /// The summary from the index if the stamp is the same, else from the run folder.
    fn indexed_or_read(&self, scanned: ScannedRun, known: &index::Rows) -> IndexedRun {
        let ScannedRun { name, stamp } = scanned;
        let row = known.get(&name).filter(|row| row.stamp == stamp);
        if let Some(summary) = row.and_then(|row| serde_json::from_str(&row.summary).ok()) {
            return IndexedRun { summary, stamp, is_new: false };
        }
        let summary = RunSummary { name: name.clone(), ..RunSummary::as_written(&self.folder_of(&name)) };
        IndexedRun { summary, stamp, is_new: true }
    }

    fn unreadable(&self, error: &rusqlite::Error) -> String {
        format!(
            "the index {} cannot be read ({error}), so every run folder was read; \
             `umwelt runs index --rebuild` makes a new one",
            self.index().display()
        )
    }

    fn unwritable(&self, error: &rusqlite::Error) -> String {
        let index = self.index();
        format!("the index {} cannot be written ({error}); the list is correct, but slow", index.display())
    }
}

/// A run with the stamp of its files.
struct IndexedRun {
    summary: RunSummary,
    stamp: String,
    /// True if the index lacks this version of the run.
    is_new: bool,
}
