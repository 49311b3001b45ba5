//! Agents on the disk: saved ones by name, and open ones as a file with the lessons since.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use umwelt_base::{UserError, jsonl};
use umwelt_weightless::Digit;
use umwelt_weightless::agent::{Agent, MOST_BYTES, Taught};

/// The extension of agents' files.
const AGENT: &str = "safetensors";
const LESSONS: &str = "jsonl";
/// The folder of open agents, in the folder of saved ones.
const OPEN: &str = ".open";

/// What a person did to an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lesson {
    /// A picture as base64 of 784 bytes, its label, and seconds since 1970.
    Taught {
        image: String,
        label: u8,
        time: u64,
    },
    Undone,
}

impl Lesson {
    pub fn of(taught: &Taught) -> Self {
        Self::Taught { image: STANDARD.encode(taught.image), label: taught.label, time: taught.time }
    }

    /// Does it again to `agent`. A lesson that the agent refuses changes nothing, as it did before.
    fn repeat(&self, agent: &mut Agent) {
        match self {
            Self::Undone => drop(agent.undo()),
            Self::Taught { image, label, time } => {
                if let Some(image) = digit(image) {
                    let _ = agent.teach(Taught { image, label: *label, time: *time });
                }
            }
        }
    }
}

/// The picture in base64 of 784 bytes.
pub fn digit(text: &str) -> Option<Digit> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// The names of the saved agents, sorted: regular files, no links.
pub fn saved(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut names: Vec<String> = files.filter_map(|entry| name_of(&entry.path())).collect();
    names.sort();
    names
}

fn name_of(path: &Path) -> Option<String> {
    let is_agent = path.extension().is_some_and(|extension| extension == AGENT);
    is_agent.then(|| path.file_stem()?.to_str().map(str::to_owned))?
}

/// The file of the saved agent `name`.
pub fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.{AGENT}"))
}

/// Reads an agent from a file that is no link.
///
/// # Errors
/// The file is no agent, or cannot be read.
pub fn read(path: &Path) -> Result<Agent> {
    let read = || -> io::Result<Vec<u8>> {
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
        let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().with_context(|| format!("could not read {}", path.display()))?;
    Agent::from_bytes(&bytes).map_err(|refused| UserError(format!("{}: {refused}", path.display())).into())
}

/// The files of an open agent: its state at some time, and the lessons since. A new state has a new
/// generation, which counts once its file is whole, so a crash at any time leaves a pair that fits.
#[derive(Debug)]
pub struct OpenFiles {
    folder: PathBuf,
    pub id: u32,
    generation: u32,
}

impl OpenFiles {
    /// The files of a newly opened agent.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn create(folder: &Path, id: u32, agent: &Agent) -> Result<Self> {
        let folder = folder.join(OPEN);
        fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        let files = Self { folder, id, generation: 0 };
        // An agent of the same number may have been here.
        let _ = fs::remove_file(files.history());
        agent.save(&files.state())?;
        Ok(files)
    }

    /// The files that earlier servers left, by id; of each agent those of its newest generation.
    pub fn left(folder: &Path) -> Vec<Self> {
        let folder = folder.join(OPEN);
        let parse = |name: &String| -> Option<(u32, u32)> {
            let (id, generation) = name.split_once('-')?;
            Some((id.parse().ok()?, generation.parse().ok()?))
        };
        let mut found: Vec<(u32, u32)> = saved(&folder).iter().filter_map(parse).collect();
        found.sort_unstable();
        let newest = found.chunk_by(|a, b| a.0 == b.0).filter_map(<[_]>::last);
        newest.map(|&(id, generation)| Self { folder: folder.clone(), id, generation }).collect()
    }

    fn state(&self) -> PathBuf {
        self.folder.join(format!("{}-{}.{AGENT}", self.id, self.generation))
    }

    /// The file of the agent's past, the same for all generations.
    pub fn history(&self) -> PathBuf {
        self.folder.join(format!("{}.history", self.id))
    }

    fn lessons(&self) -> PathBuf {
        self.state().with_extension(LESSONS)
    }

    /// Writes a lesson.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn add(&self, lesson: &Lesson) -> Result<()> {
        jsonl::append(&self.lessons(), lesson)
            .with_context(|| format!("could not write {}", self.lessons().display()))
    }

    /// Writes a new state, which needs no lessons.
    ///
    /// # Errors
    /// A file that cannot be written; the old state stays then.
    pub fn renew(&mut self, agent: &Agent) -> Result<()> {
        let next = Self { folder: self.folder.clone(), generation: self.generation + 1, ..*self };
        agent.save(&next.state())?;
        std::mem::replace(self, next).remove_generation();
        Ok(())
    }

    /// The agent: its state with the lessons since.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self) -> Result<Agent> {
        let mut agent = read(&self.state())?;
        let lessons: Vec<Lesson> = jsonl::read(&self.lessons())?;
        lessons.iter().for_each(|lesson| lesson.repeat(&mut agent));
        Ok(agent)
    }

    /// Removes all files of the agent. One that cannot be removed comes back as an open agent.
    pub fn remove(&self) {
        self.remove_generation();
        let _ = fs::remove_file(self.history());
    }

    fn remove_generation(&self) {
        for file in [self.state(), self.lessons()] {
            let _ = fs::remove_file(file);
        }
    }
}
