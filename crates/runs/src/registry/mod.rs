//! All runs below a folder: found, listed, compared, moved away and brought back.
//!
//! The run folders are the truth; an index beside them only saves reading what has not changed.

mod columns;
mod comparison;
mod details;
mod filter;
mod find;
mod index;
mod name;
mod query;
mod rerun;
mod scan;
mod trash;
mod wording;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use rayon::prelude::*;

use crate::{RunState, RunSummary};

pub use columns::{csv, default_columns, json, table};
pub use comparison::comparison;
pub use details::{command, details};
pub use filter::Filter;
pub use find::Run;
pub use name::{name_of, quoted, shown};
pub use query::{Query, best, check_key, compared_by};
pub use rerun::{Rerun, rerun};
use scan::Found;
pub use trash::Trashed;

/// The runs below a folder.
#[derive(Clone, Debug)]
pub struct Registry {
    root: PathBuf,
}

/// What a registry holds now.
#[derive(Debug)]
pub struct Listing {
    /// Sorted by name.
    pub runs: Vec<RunSummary>,
    /// Why the index was of no use.
    pub warning: Option<String>,
}

impl Registry {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the run that is called `name` here.
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.root.join(name::path_of(name))
    }

    pub fn index(&self) -> PathBuf {
        self.root.join(".index.sqlite")
    }

    /// Looks at all run folders, reads those that have changed, and remembers what it read.
    ///
    /// # Errors
    /// When the root cannot be looked into; trouble with the index is a warning.
    pub fn runs(&self) -> Result<Listing> {
        ensure!(
            !RunSummary::is_run(&self.root),
            "{0} is a run itself; --root names the folder that holds runs (`umwelt runs show {0}` shows the run)",
            self.root.display()
        );
        // In this order: a run that is in the index but was not found is gone, not new.
        let (known, unread) = match index::rows(&self.index()) {
            Ok(rows) => (rows, None),
            Err(error) => (index::Rows::new(), Some(self.unreadable(&error))),
        };
        let found = scan::scan(&self.root)?;
        let mut looked: Vec<Looked> = found.into_par_iter().map(|found| self.look(found, &known)).collect();
        let write = || index::update(&self.index(), &known, &looked).err();
        let warning = unread.or_else(|| write().map(|error| self.unwritable(&error)));
        looked.sort_by(|a, b| a.summary.name.cmp(&b.summary.name));
        let mut runs: Vec<RunSummary> = looked.into_iter().map(|looked| looked.summary).collect();
        for run in runs.iter_mut().filter(|run| run.state == RunState::Running) {
            run.check_life(&self.folder_of(&run.name));
        }
        Ok(Listing { runs, warning })
    }

    /// Forgets the index and makes a new one.
    ///
    /// # Errors
    /// When no index can be written.
    pub fn rebuild(&self) -> Result<Listing> {
        index::forget(&self.index())?;
        self.runs()
    }

    fn look(&self, found: Found, known: &index::Rows) -> Looked {
        let Found { name, stamp } = found;
        let row = known.get(&name).filter(|row| row.stamp == stamp);
        if let Some(summary) = row.and_then(|row| serde_json::from_str(&row.summary).ok()) {
            return Looked { summary, stamp, is_new: false };
        }
        let summary = RunSummary { name: name.clone(), ..RunSummary::as_written(&self.folder_of(&name)) };
        Looked { summary, stamp, is_new: true }
    }

    fn unreadable(&self, error: &rusqlite::Error) -> String {
        format!(
            "the index {} is of no use ({error}), so every run folder was read; \
             `umwelt runs index --rebuild` makes a new one",
            self.index().display()
        )
    }

    fn unwritable(&self, error: &rusqlite::Error) -> String {
        let index = self.index();
        format!("the index {} cannot be written ({error}); the list is right, but slow", index.display())
    }
}

/// A run, the stamp of the files it was read from, and whether the index lacks it.
struct Looked {
    summary: RunSummary,
    stamp: String,
    is_new: bool,
}
