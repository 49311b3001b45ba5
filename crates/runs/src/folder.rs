//! The folder of one run. All files of a run are written here.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::ScoreCard;
use super::checkpoints::CHECKPOINTS;
use super::lock;
use super::metrics::{MetricsLog, Record, read_records};
use super::status::{State, Status, unix_seconds};
use super::stop_file::{STOP, clear_stop};
use super::tracker::{Tracker, Trackers};
use umwelt_base::atomic;
use umwelt_charts::Figure;
use umwelt_settings::{self as settings, Schema};

/// The files that may lie in a folder before its run starts: the lock, and files of a sweep.
const NOT_FOREIGN: [&str; 4] = [LOCK, OUTPUT, EARLY_STOPPING, STOP];
const LOCK: &str = "run.lock";
/// Every other file of a run is written after this one.
pub const SETTINGS: &str = "settings.yaml";
/// The rule by which a sweep stops the run early.
pub const EARLY_STOPPING: &str = "early_stopping.json";
/// The score card and the details of the last evaluation.
pub const EVALUATION: &str = "evaluation.json";
/// The console output of a run that a sweep started.
pub const OUTPUT: &str = "output.log";
const RESULT: &str = "result.txt";
/// The log of measured numbers.
pub const METRICS: &str = "metrics.jsonl";
const HEARTBEAT: Duration = Duration::from_secs(5);

/// An open run folder, locked against other processes.
pub struct RunFolder {
    path: PathBuf,
    status: Status,
    last_heartbeat: Instant,
    metrics: Option<MetricsLog>,
    trackers: Trackers,
    _lock: File,
}

/// The content of an opened folder.
pub enum Opened {
    /// A run to start or to resume.
    Unfinished(RunFolder),
    /// A run that is finished or was stopped early.
    Finished(FinishedRun),
}

/// The error of a folder whose run another process is running.
#[derive(Debug, thiserror::Error)]
#[error("another process is running {}", .0.display())]
pub struct AlreadyRunning(PathBuf);

/// A run that is over. Its folder is only read, so it may be read-only.
pub struct FinishedRun {
    path: PathBuf,
    status: Status,
}

impl FinishedRun {
    /// The run in `path`, if it is over.
    ///
    /// # Errors
    /// The folder holds a run of other settings.
    pub fn of<T: Schema>(path: &Path, settings: &T) -> Result<Option<Self>> {
        let known = path.join(SETTINGS);
        if !known.exists() {
            return Ok(None);
        }
        refuse_other_settings(&known, settings)?;
        let status = Status::read(path).filter(|status| status.state.is_over());
        Ok(status.map(|status| Self { path: path.to_owned(), status }))
    }

    /// The table of the last evaluation, or the reason for a stop before the first evaluation.
    pub fn result(&self) -> Result<String> {
        result(&self.path, &self.status)
    }
}

impl RunFolder {
    /// Opens `path` for the run with `settings`, and creates the folder if it is missing.
    ///
    /// # Errors
    /// The folder holds foreign files, a run of other settings (the error names their keys), or a
    /// run that another process is running.
    pub fn open<T: Schema>(path: &Path, settings: &T) -> Result<Opened> {
        if let Some(run) = FinishedRun::of(path, settings)? {
            return Ok(Opened::Finished(run));
        }
        refuse_foreign_files(path)?;
        make_folder(path)?;
        let lock = lock(path)?;
        // Another process may have finished the run before it released the lock.
        if let Some(run) = FinishedRun::of(path, settings)? {
            return Ok(Opened::Finished(run));
        }
        atomic::sweep(path);
        let known = path.join(SETTINGS);
        if !known.exists() {
            atomic::write(&known, settings::to_yaml(settings).as_bytes())?;
        }
        clear_stop(path).with_context(|| atomic::failure(&path.join(STOP)))?;
        for folder in [CHECKPOINTS, "figures"] {
            make_folder(&path.join(folder))?;
            atomic::sweep(&path.join(folder));
        }
        let before = Status::read(path).unwrap_or_default();
        Ok(Opened::Unfinished(Self {
            status: Status { state: State::Running, pid: std::process::id(), message: None, ..before },
            path: path.to_owned(),
            last_heartbeat: Instant::now(),
            metrics: None,
            trackers: Trackers::default(),
            _lock: lock,
        }))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a tracker, which mirrors the run from now on.
    pub fn mirror(&mut self, tracker: Box<dyn Tracker>) {
        self.trackers.push(tracker);
    }

    /// Opens the metrics of a run that resumes at `step`, and removes lines of later steps.
    pub fn resume_at(&mut self, step: u64) -> Result<()> {
        self.metrics = Some(MetricsLog::open(&self.path.join(METRICS), step)?);
        self.status.step = step;
        self.trackers.each(|tracker| tracker.resume_at(step));
        Ok(())
    }

    /// Appends a line to the metrics.
    ///
    /// # Panics
    /// Before [`Self::resume_at`].
    pub fn append(&mut self, record: Record) -> Result<()> {
        self.metrics.as_ref().expect("the metrics are open").append(&record)?;
        self.trackers.each(|tracker| tracker.record(&record));
        Ok(())
    }

    /// All lines of the metrics.
    pub fn records(&self) -> Result<Vec<Record>> {
        read_records(&self.path.join(METRICS))
    }

    /// Writes `value` as `name` in readable JSON.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value)? + "\n";
        atomic::write(&self.path.join(name), text.as_bytes())
    }

    /// Writes the table that is printed at the end of the run.
    pub fn write_result(&self, table: &str) -> Result<()> {
        atomic::write(&self.path.join(RESULT), table.as_bytes())
    }

    /// The table of [`Self::write_result`], or the reason for a stop before it was written.
    pub fn result(&self) -> Result<String> {
        result(&self.path, &self.status)
    }

    /// Writes a figure as SVG and PNG.
    pub fn write_figure(&mut self, name: &str, figure: &Figure) -> Result<()> {
        let file = |extension: &str| self.path.join("figures").join(format!("{name}.{extension}"));
        let png = figure.png()?;
        atomic::write(&file("svg"), figure.svg().as_bytes())?;
        atomic::write(&file("png"), &png)?;
        let step = self.status.step;
        self.trackers.each(|tracker| tracker.figure(step, name, &png));
        Ok(())
    }

    /// Shows the score card of an evaluation to the trackers.
    pub fn show_scores(&mut self, card: &ScoreCard) {
        let step = self.status.step;
        self.trackers.each(|tracker| tracker.scores(step, card));
    }

    /// Finishes all trackers, and returns their closing messages.
    pub fn finish_trackers(&mut self) -> Vec<String> {
        self.trackers.finish(self.status.state)
    }

    /// The new warnings of the trackers.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.trackers.take_warnings()
    }

    /// Sets the training step in the status, which the next heartbeat writes.
    pub fn at_step(&mut self, step: u64) {
        self.status.step = step;
    }

    /// Changes the status and writes it at once.
    pub fn update(&mut self, change: impl FnOnce(&mut Status)) -> Result<()> {
        change(&mut self.status);
        self.status.heartbeat = unix_seconds();
        self.last_heartbeat = Instant::now();
        self.write_json("status.json", &self.status)
    }

    /// Changes the status, and writes it if a heartbeat is due.
    pub fn heartbeat(&mut self, change: impl FnOnce(&mut Status)) -> Result<()> {
        change(&mut self.status);
        if self.last_heartbeat.elapsed() < HEARTBEAT { Ok(()) } else { self.update(|_| {}) }
    }

    pub fn status(&self) -> &Status {
        &self.status
    }
}

fn result(run: &Path, status: &Status) -> Result<String> {
    let path = run.join(RESULT);
    if status.state == State::Stopped && !path.exists() {
        return Ok(format!("stopped early: {}\n", status.message.as_deref().unwrap_or_default()));
    }
    fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("could not make the folder {}", path.display()))
}

/// Refuses a folder of other files than those of a run.
fn refuse_foreign_files(path: &Path) -> Result<()> {
    let Ok(mut entries) = fs::read_dir(path) else {
        ensure!(!path.exists() || path.is_dir(), "output_path {} is not a folder", path.display());
        return Ok(());
    };
    let is_foreign =
        |name: &OsString| !NOT_FOREIGN.iter().any(|known| name == known) && !atomic::is_temporary(name);
    let foreign = entries.find_map(|entry| Some(entry.ok()?.file_name()).filter(is_foreign));
    // The settings are looked for last: another process may be starting the run.
    match foreign.filter(|_| !path.join(SETTINGS).exists()) {
        None => Ok(()),
        Some(name) => bail!(
            "output_path {} holds {} but no {SETTINGS} of a run; choose a folder of its own for this run",
            path.display(),
            name.display()
        ),
    }
}

fn lock(path: &Path) -> Result<File> {
    let file = path.join(LOCK);
    let lock = File::create(&file).with_context(|| atomic::failure(&file))?;
    if lock::take(&lock) { Ok(lock) } else { Err(AlreadyRunning(path.to_owned()).into()) }
}

fn refuse_other_settings<T: Schema>(known: &Path, settings: &T) -> Result<()> {
    let before = settings::load::<T>(&[known.to_owned()], &[])
        .with_context(|| format!("{} cannot be read; choose another output_path", known.display()))?;
    refuse_differences(known.parent().unwrap_or(known), &before.settings, settings)
}

/// Refuses the run in `path`, which has the settings `before`, if a result depends on a difference to
/// `settings`.
pub fn refuse_differences<T: Schema>(path: &Path, before: &T, settings: &T) -> Result<()> {
    let differing = settings::result_differences(before, settings);
    let listed: String =
        differing.iter().map(|d| format!("\n  {}: {} there, {} now", d.key, d.left, d.right)).collect();
    ensure!(
        differing.is_empty(),
        "{} holds a run of other settings:{listed}\n\
         give the values that it has to go on with it, or choose another output_path",
        path.display()
    );
    Ok(())
}

/// True if a process is running the run in `path`. Always false on a file system without locks.
pub fn is_running(path: &Path) -> bool {
    lock::is_held(&path.join(LOCK))
}

#[cfg(test)]
mod tests;
