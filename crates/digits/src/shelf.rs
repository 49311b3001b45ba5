//! The open agents.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use umwelt_serve::ApiError;
use umwelt_weightless::agent::Agent;

use crate::files::{self, OpenFiles};
use crate::opened::Opened;

/// The most agents that are open at a time.
const MOST: usize = 8;
/// The most bytes of all open agents.
const MOST_BYTES: usize = 2 << 30;

/// The open agents, in the order in which they were opened.
pub struct Shelf {
    folder: PathBuf,
    opened: Mutex<Vec<Arc<Opened>>>,
}

impl Shelf {
    /// The agents that an earlier server left open, and those in `paths` whose names are not among
    /// them.
    ///
    /// # Errors
    /// A file of `paths` that is no agent, or more agents than may be open.
    pub fn open(folder: &Path, paths: &[PathBuf]) -> Result<Self> {
        let shelf = Self { folder: folder.to_owned(), opened: Mutex::default() };
        for files in OpenFiles::left(folder) {
            let agent = files.read()?;
            shelf.locked().push(Arc::new(Opened::new(agent, files)));
        }
        for path in paths {
            let agent = files::read(path)?;
            let is_open = shelf.all().iter().any(|opened| opened.lock().agent.name() == agent.name());
            if !is_open {
                shelf.add(agent).map_err(|full| umwelt_base::UserError(full.error))?;
            }
        }
        Ok(shelf)
    }

    /// The folder of saved agents.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn all(&self) -> Vec<Arc<Opened>> {
        self.locked().clone()
    }

    /// The agent with this id.
    ///
    /// # Errors
    /// 404 if it is not open.
    pub fn agent(&self, id: &str) -> Result<Arc<Opened>, ApiError> {
        let known = self.all().into_iter().find(|opened| opened.id.to_string() == id);
        known.ok_or_else(|| ApiError::missing(format!("no agent `{id}` is open"), "load the page again"))
    }

    /// Opens an agent, under another name if its own is taken.
    ///
    /// # Errors
    /// Too many agents or bytes are open, or the disk cannot be written.
    pub fn add(&self, mut agent: Agent) -> Result<Arc<Opened>, ApiError> {
        let all = self.all();
        let bytes: usize = all.iter().map(|opened| opened.lock().agent.size().learning).sum();
        if all.len() >= MOST || bytes + agent.size().learning > MOST_BYTES {
            let error = format!("at most {MOST} agents of 2 GiB together can be open");
            return Err(ApiError::bad(error, "close one first"));
        }
        let names: Vec<String> = all.iter().map(|opened| opened.lock().agent.name().to_owned()).collect();
        agent.rename(&free_name(agent.name(), &names)).map_err(crate::opened::refused)?;
        let mut opened = self.locked();
        let id = opened.iter().map(|opened| opened.id).max().unwrap_or(0) + 1;
        let files = OpenFiles::create(&self.folder, id, &agent)?;
        opened.push(Arc::new(Opened::new(agent, files)));
        Ok(opened[opened.len() - 1].clone())
    }

    /// Closes an agent: it is forgotten unless it was saved.
    ///
    /// # Errors
    /// 404 if it is not open.
    pub fn close(&self, id: &str) -> Result<(), ApiError> {
        let closed = self.agent(id)?;
        closed.job().inspect(|job| job.stop());
        self.locked().retain(|opened| opened.id != closed.id);
        closed.lock().remove_files();
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Arc<Opened>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `name`, or the first of `name 2`, `name 3`, ... that is free.
fn free_name(name: &str, taken: &[String]) -> String {
    let numbered = (2..).map(|number| format!("{} {number}", &name[..name.len().min(60)]));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number() {
        let taken = ["ao", "ao 2"].map(str::to_owned);
        assert_eq!((free_name("ao", &taken), free_name("b", &taken)), ("ao 3".into(), "b".into()));
    }
}
