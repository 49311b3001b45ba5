//! The trash: removed runs, which can be restored.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::name::{is_called, name_of, path_of, shown};
use umwelt_base::UserError;

use super::{Registry, Run, find::unknown, format::local_time, scan};
use crate::{RunState, unix_seconds};

const TRASH: &str = ".trash";
const TIME: &str = "%Y%m%d-%H%M%S";
/// The length of the time before a name: `20261122-023000-`.
const PREFIX: usize = 16;

/// A run in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trashed {
    /// The name of the run before it was removed.
    pub name: String,
    pub folder: PathBuf,
}

impl Registry {
    /// The folder of removed runs.
    pub fn trash(&self) -> PathBuf {
        self.root().join(TRASH)
    }

    /// The name of a run that can be removed.
    ///
    /// # Errors
    /// The run is running, lies outside the root, or is in the trash.
    pub fn check_removable(&self, run: &Run) -> Result<String, UserError> {
        let (folder, root) = (shown(&run.folder), self.root().display());
        let Some(name) = self.name_below_root(&run.folder) else {
            return Err(UserError(format!(
                "{folder} does not lie in {root}; name the folder that holds it with --root"
            )));
        };
        if path_of(&name).starts_with(TRASH) {
            return Err(UserError(format!("{folder} is in the trash already")));
        }
        if run.summary.state == RunState::Running {
            return Err(UserError(format!("{folder} is running; stop it first, then remove it")));
        }
        Ok(name)
    }

    /// Moves a run to the trash.
    pub fn remove(&self, run: &Run) -> Result<Trashed> {
        let name = self.check_removable(run)?;
        let named = |seconds: u64| {
            let time = local_time(unix_seconds() + seconds as f64, TIME);
            self.trash().join(path_of(&format!("{time}-{name}")))
        };
        let folder = (0..).map(named).find(|folder| !is_taken(folder)).expect("some second is free");
        move_to(&self.folder_of(&name), &folder)?;
        Ok(Trashed { name, folder })
    }

    /// The runs in the trash, the first removed one first.
    pub fn trashed(&self) -> Result<Vec<Trashed>> {
        let mut stored: Vec<String> = scan::scan(&self.trash())?.into_iter().map(|run| run.name).collect();
        stored.sort();
        let trashed = |stored: &String| {
            let name = stored.get(PREFIX..)?.to_owned();
            Some(Trashed { name, folder: self.trash().join(path_of(stored)) })
        };
        Ok(stored.iter().filter_map(trashed).collect())
    }

    /// Restores the run `typed`; of several with that name, the one removed last.
    ///
    /// # Errors
    /// The trash holds no such run, or its former place is taken.
    pub fn restore(&self, typed: &Path) -> Result<PathBuf> {
        let trashed = self.trashed()?;
        let Some(last) = trashed.iter().rfind(|trashed| is_called(&trashed.name, typed)) else {
            let names = trashed.iter().map(|trashed| trashed.name.as_str());
            let typed = name_of(typed);
            bail!(unknown(&typed, &self.trash(), names, "`umwelt runs restore` lists the trash"));
        };
        let place = self.folder_of(&last.name);
        let taken = || UserError(format!("{} is taken; move it away first", shown(&place)));
        ensure!(!is_taken(&place), taken());
        make_parent(&place)?;
        let linked = || UserError(format!("{} is behind a link; move the link away first", shown(&place)));
        ensure!(self.name_below_root(&place).as_ref() == Some(&last.name), linked());
        move_to(&last.folder, &place)?;
        // The folders of the run's group in the trash are removed if they are empty.
        for folder in last.folder.ancestors().skip(1).take_while(|folder| *folder != self.root()) {
            let _ = fs::remove_dir(folder);
        }
        Ok(place)
    }

    /// Deletes the trash permanently.
    pub fn empty_trash(&self) -> Result<()> {
        let trash = self.trash();
        let emptied = if trash.exists() { fs::remove_dir_all(&trash) } else { Ok(()) };
        emptied.with_context(|| format!("could not remove {}", trash.display()))
    }
}

/// True if `place` exists, a broken link included.
fn is_taken(place: &Path) -> bool {
    place.symlink_metadata().is_ok()
}

fn make_parent(place: &Path) -> Result<()> {
    let parent = place.parent().unwrap_or(place);
    fs::create_dir_all(parent).with_context(|| format!("could not make the folder {}", shown(parent)))
}

fn move_to(from: &Path, to: &Path) -> Result<()> {
    make_parent(to)?;
    fs::rename(from, to).with_context(|| format!("could not move {} to {}", shown(from), shown(to)))
}
