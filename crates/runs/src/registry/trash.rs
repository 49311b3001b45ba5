//! Runs moved away, and brought back.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::name::{is_called, name_of, path_of, shown};
use umwelt_base::UserError;

use super::{Registry, Run, find::unknown, scan, wording::moment};
use crate::{RunState, unix_seconds};

const TRASH: &str = ".trash";
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
        self.root().join(TRASH)
    }

    /// The name under which a run can be removed.
    ///
    /// # Errors
    /// When the run is running, lies elsewhere, or is in the trash already.
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
            let time = moment(unix_seconds() + seconds as f64, TIME);
            self.trash().join(path_of(&format!("{time}-{name}")))
        };
        let folder = (0..).map(named).find(|folder| !is_taken(folder)).expect("some second is free");
        move_to(&self.folder_of(&name), &folder)?;
        Ok(Trashed { name, folder })
    }

    /// What is in the trash, oldest first.
    pub fn trashed(&self) -> Result<Vec<Trashed>> {
        let mut found: Vec<String> = scan::scan(&self.trash())?.into_iter().map(|found| found.name).collect();
        found.sort();
        let trashed = |stored: &String| {
            let name = stored.get(PREFIX..)?.to_owned();
            Some(Trashed { name, folder: self.trash().join(path_of(stored)) })
        };
        Ok(found.iter().filter_map(trashed).collect())
    }

    /// Brings the run `name` back, the one removed last if there are several.
    ///
    /// # Errors
    /// When the trash holds no such run, or its place is taken.
    pub fn restore(&self, typed: &Path) -> Result<PathBuf> {
        let trashed = self.trashed()?;
        let Some(last) = trashed.iter().rfind(|trashed| is_called(&trashed.name, typed)) else {
            let names = trashed.iter().map(|trashed| trashed.name.as_str());
            let typed = name_of(typed);
            bail!(unknown(&typed, &self.trash(), names, "`umwelt runs restore` lists what there is"));
        };
        let place = self.folder_of(&last.name);
        let taken = || UserError(format!("{} is taken; move it away first", shown(&place)));
        ensure!(!is_taken(&place), taken());
        make_parent(&place)?;
        let linked = || UserError(format!("{} is behind a link; move the link away first", shown(&place)));
        ensure!(self.name_below_root(&place).as_ref() == Some(&last.name), linked());
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

/// Whether something lies here, be it a link that leads nowhere.
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
