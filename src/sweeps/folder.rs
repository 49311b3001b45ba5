//! The folder of a sweep: what was asked for, tried and found, in files that many processes may share.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{SweepFile, Told, Trial};
use crate::runs::{is_held, unix_seconds};

/// A sweep on disk: its file, and the folder that its runs lie in.
pub struct SweepFolder {
    pub file: SweepFile,
    path: PathBuf,
    source: Source,
    /// What a sweep that is planned ahead consists of; made once, for where it stands is asked every second.
    planned: OnceLock<Vec<Trial>>,
}

/// What a sweep was read from, so that another process reads the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    file: PathBuf,
    values: Vec<String>,
    folder: Option<PathBuf>,
    /// The first runs only.
    limit: Option<usize>,
}

/// A point that an adaptive sweep asked for.
#[derive(Serialize, Deserialize)]
struct Asked {
    /// Who is to run it; a Slurm task that is queued again finds its own by this.
    owner: String,
    trial: Trial,
}

/// A start of a run that did not end well.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    pub run: String,
    /// Unix seconds.
    pub at: f64,
    pub error: String,
}

impl SweepFolder {
    /// Reads a sweep file with `values` laid upon it; its folder is the file's own unless told.
    ///
    /// # Errors
    /// Mistakes in the file, with line and key.
    pub fn open(file: &Path, values: &[String], folder: Option<&Path>, limit: Option<usize>) -> Result<Self> {
        let (file, values, folder) = (file.to_owned(), values.to_vec(), folder.map(Path::to_owned));
        Self::from_source(Source { file, values, folder, limit })
    }

    /// Reads what another process read.
    pub fn from_source(source: Source) -> Result<Self> {
        let file = SweepFile::read::<crate::schema::RunSettings>(&source.file, &source.values)?;
        let path = source.folder.clone().unwrap_or_else(|| file.output_path.clone());
        Ok(Self { file, path, source, planned: OnceLock::new() })
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs in all, asked for or not.
    pub fn len(&self) -> usize {
        self.source.limit.unwrap_or(usize::MAX).min(self.file.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the run of `trial` lies.
    pub fn run_path(&self, trial: &Trial) -> PathBuf {
        self.path.join(trial.name())
    }

    /// All trials of a sweep that is planned ahead; those asked for so far of one that learns from its runs.
    pub fn trials(&self) -> Result<Vec<Trial>> {
        if self.file.is_adaptive() {
            return Ok(self.asked()?.into_iter().map(|asked| asked.trial).collect());
        }
        let plan = || (0..self.len()).map(|index| self.file.trial(index, &[])).collect();
        Ok(self.planned.get_or_init(plan).clone())
    }

    /// Runs that an adaptive sweep has not asked for yet.
    pub fn unasked(&self) -> Result<usize> {
        Ok(if self.file.is_adaptive() { self.len().saturating_sub(self.asked()?.len()) } else { 0 })
    }

    /// The next trial of an adaptive sweep for `owner`, written down before anyone can start it; none when all
    /// are asked for.
    pub fn ask(&self, owner: &str) -> Result<Option<Trial>> {
        let _lock = self.lock_file("trials.lock")?;
        let asked = self.asked()?;
        if asked.len() >= self.len() {
            return Ok(None);
        }
        let told: Vec<Told> = self.standings()?.into_iter().map(|standing| standing.told()).collect();
        let trial = self.file.trial(asked.len(), &told);
        self.append("trials.jsonl", &Asked { owner: owner.into(), trial: trial.clone() })?;
        Ok(Some(trial))
    }

    /// What `owner` asked for, oldest first.
    pub fn asked_by(&self, owner: &str) -> Result<Vec<Trial>> {
        Ok(self.asked()?.into_iter().filter(|asked| asked.owner == owner).map(|asked| asked.trial).collect())
    }

    fn asked(&self) -> Result<Vec<Asked>> {
        self.lines("trials.jsonl")
    }

    /// Keeps what went wrong with a start of `trial`.
    pub fn note_failure(&self, trial: &Trial, error: String) -> Result<()> {
        self.append("failures.jsonl", &Failure { run: trial.name(), at: unix_seconds(), error })
    }

    /// The last failure of each run.
    pub fn failures(&self) -> Result<HashMap<String, Failure>> {
        let failures = self.lines::<Failure>("failures.jsonl")?;
        Ok(failures.into_iter().map(|failure| (failure.run.clone(), failure)).collect())
    }

    /// Makes the folder and holds it for one scheduler.
    ///
    /// # Errors
    /// When another one holds it.
    pub fn hold(&self) -> Result<File> {
        self.make()?;
        let path = self.path.join("sweep.lock");
        let mut lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        if matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            bail!(
                "another scheduler works on {}; see how it goes with --status, end it with --cancel",
                self.path.display()
            );
        }
        lock.set_len(0)?;
        write!(lock, "{}", std::process::id())?;
        Ok(lock)
    }

    /// The process that holds the sweep, if one does.
    pub fn holder(&self) -> Option<i32> {
        let path = self.path.join("sweep.lock");
        is_held(&path).then(|| fs::read_to_string(path).ok()?.parse().ok()).flatten()
    }

    fn make(&self) -> Result<()> {
        fs::create_dir_all(&self.path)
            .with_context(|| format!("could not make the folder {}", self.path.display()))
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        self.make()?;
        let lock = File::create(self.path.join(name))?;
        lock.lock()?;
        Ok(lock)
    }

    /// Appends a line with one write, so that processes may share the file.
    fn append(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.path.join(name);
        let line = serde_json::to_string(value)? + "\n";
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .with_context(|| format!("could not write {}", path.display()))
    }

    /// The whole lines of a file; none where there is no file.
    fn lines<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>> {
        let path = self.path.join(name);
        if !path.exists() {
            return Ok(vec![]);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}
