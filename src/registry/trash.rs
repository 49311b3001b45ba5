//! Runs moved away, and brought back.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use super::{Refused, Registry, Run, find::unknown, scan, wording::moment};
use crate::runs::{RunState, unix_seconds};

const TIME: &str = "%Y%m%d-%H%M%S";
/// Characters of `20261122-023000-`.
const PREFIX: usize = 16;

/// A run in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trashed {
    /// What it was called.
    pub name: String,
    pub folder: PathBuf,
}

impl Registry {
    /// Where removed runs are kept.
    pub fn trash(&self) -> PathBuf {
        self.root().join(".trash")
    }

    /// Refuses a run that is running, or that lies elsewhere.
    pub fn check_removable(&self, run: &Run) -> Result<(), Refused> {
        let folder = run.folder.display();
        if !run.folder.starts_with(self.root()) {
            let root = self.root().display();
            return Err(Refused(format!(
                "{folder} does not lie in {root}; name the folder that holds it with --root"
            )));
        }
        if run.summary.state == RunState::Running {
            return Err(Refused(format!("{folder} is running; stop it first, then remove it")));
        }
        Ok(())
    }

    /// Moves a run to the trash.
    pub fn remove(&self, run: &Run) -> Result<Trashed> {
        self.check_removable(run)?;
        let name = &run.summary.name;
        let named = |seconds: u64| {
            let time = moment(unix_seconds() + seconds as f64, TIME);
            self.trash().join(format!("{time}-{name}"))
        };
        let folder = (0..).map(named).find(|folder| !folder.exists()).expect("some second is free");
        move_to(&run.folder, &folder)?;
        Ok(Trashed { name: name.clone(), folder })
    }

    /// What is in the trash, oldest first.
    pub fn trashed(&self) -> Result<Vec<Trashed>> {
        let mut found: Vec<String> = scan::scan(&self.trash())?.into_iter().map(|found| found.name).collect();
        found.sort();
        let trashed = |stored: &String| {
            let name = stored.get(PREFIX..)?.to_owned();
            Some(Trashed { name, folder: self.trash().join(stored) })
        };
        Ok(found.iter().filter_map(trashed).collect())
    }

    /// Brings the run `name` back, the one removed last if there are several.
    ///
    /// # Errors
    /// When the trash holds no such run, or its place is taken.
    pub fn restore(&self, name: &str) -> Result<PathBuf> {
        let trashed = self.trashed()?;
        let Some(last) = trashed.iter().rfind(|trashed| trashed.name == name) else {
            let names = trashed.iter().map(|trashed| trashed.name.as_str());
            bail!(unknown(name, &self.trash(), names, "`umwelt runs restore` lists what there is"));
        };
        let place = self.root().join(name);
        let taken = || Refused(format!("{} is taken; move it away first", place.display()));
        ensure!(!place.exists(), taken());
        move_to(&last.folder, &place)?;
        // Folders that stood for the sweep of the run stay behind empty.
        for folder in last.folder.ancestors().skip(1).take_while(|folder| *folder != self.root()) {
            let _ = fs::remove_dir(folder);
        }
        Ok(place)
    }

    /// Removes all that is in the trash for good.
    pub fn empty_trash(&self) -> Result<()> {
        let trash = self.trash();
        let emptied = if trash.exists() { fs::remove_dir_all(&trash) } else { Ok(()) };
        emptied.with_context(|| format!("could not remove {}", trash.display()))
    }
}

fn move_to(from: &PathBuf, to: &PathBuf) -> Result<()> {
    let moved = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::rename(from, to));
    moved.with_context(|| format!("could not move {} to {}", from.display(), to.display()))
}
