//! The folder of one run: everything that is known about it, and the only place that writes there.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::checkpoints::CHECKPOINTS;
use super::metrics::{MetricsLog, Record, read_records};
use super::status::{State, Status, unix_seconds};
use super::tracker::{Tracker, Trackers};
use umwelt_base::atomic;
use umwelt_charts::Figure;
use umwelt_settings::{self as settings, Schema};

/// What may lie in a folder before its run does: its lock, and what a scheduler keeps of its output.
const NOT_FOREIGN: [&str; 3] = [LOCK, OUTPUT, EARLY_STOPPING];
const LOCK: &str = "run.lock";
/// The rule by which a sweep stops the run early.
pub const EARLY_STOPPING: &str = "early_stopping.json";
/// What a run that a scheduler started wrote to its console.
pub const OUTPUT: &str = "output.log";
const RESULT: &str = "result.txt";
const METRICS: &str = "metrics.jsonl";
const HEARTBEAT: Duration = Duration::from_secs(5);

/// An open run folder; a second process that opens it is refused.
pub struct RunFolder {
    path: PathBuf,
    status: Status,
    beaten: Instant,
    metrics: Option<MetricsLog>,
    trackers: Trackers,
    _lock: File,
}

/// What a folder holds when it is opened.
pub enum Opened {
    /// A run to begin, or to go on with.
    Unfinished(RunFolder),
    /// A run that is over, finished or stopped early.
    Finished(FinishedRun),
}

/// The error of a folder whose run another process works on now.
#[derive(Debug, thiserror::Error)]
#[error("another process is running {}", .0.display())]
pub struct AlreadyRunning(PathBuf);

/// A run that is over; nothing is written into its folder any more, which may be read-only.
pub struct FinishedRun {
    path: PathBuf,
    status: Status,
}

impl FinishedRun {
    /// The run in `path`, if it is over.
    ///
    /// # Errors
    /// When a run of other settings lies there.
    pub fn of<T: Schema>(path: &Path, settings: &T) -> Result<Option<Self>> {
        let known = path.join("settings.yaml");
        if !known.exists() {
            return Ok(None);
        }
        refuse_other_settings(&known, settings)?;
        let status = Status::read(path).filter(|status| status.state.is_over());
        Ok(status.map(|status| Self { path: path.to_owned(), status }))
    }

    /// The table of its last evaluation; of a run stopped before it had one, the reason.
    pub fn result(&self) -> Result<String> {
        result(&self.path, &self.status)
    }
}

impl RunFolder {
    /// Opens `path` for the run that `settings` describe, making the folder where there is none.
    ///
    /// # Errors
    /// When the folder holds other things, a run of other settings (their keys are named), or one that runs now.
    pub fn open<T: Schema>(path: &Path, settings: &T) -> Result<Opened> {
        let known = path.join("settings.yaml");
        if !known.exists() {
            refuse_foreign_files(path)?;
        }
        if let Some(run) = FinishedRun::of(path, settings)? {
            return Ok(Opened::Finished(run));
        }
        for folder in ["", CHECKPOINTS, "figures"] {
            let folder = path.join(folder);
            fs::create_dir_all(&folder)
                .with_context(|| format!("could not make the folder {}", folder.display()))?;
            atomic::sweep(&folder);
        }
        let lock = lock(path)?;
        // Another process may have worked here until its lock was free.
        if let Some(run) = FinishedRun::of(path, settings)? {
            return Ok(Opened::Finished(run));
        }
        if !known.exists() {
            atomic::write(&known, settings::to_yaml(settings).as_bytes())?;
        }
        let before = Status::read(path).unwrap_or_default();
        Ok(Opened::Unfinished(Self {
            status: Status { state: State::Running, pid: std::process::id(), message: None, ..before },
            path: path.to_owned(),
            beaten: Instant::now(),
            metrics: None,
            trackers: Trackers::default(),
            _lock: lock,
        }))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets `tracker` mirror the run from now on.
    pub fn mirror(&mut self, tracker: Box<dyn Tracker>) {
        self.trackers.push(tracker);
    }

    /// Opens the metrics of a run that goes on from `step`; what was measured later is cut off.
    pub fn go_on_from(&mut self, step: u64) -> Result<()> {
        self.metrics = Some(MetricsLog::open(&self.path.join(METRICS), step)?);
        self.status.step = step;
        self.trackers.each(|tracker| tracker.go_on_from(step));
        Ok(())
    }

    /// Appends a line to the metrics.
    ///
    /// # Panics
    /// Before [`Self::go_on_from`].
    pub fn append(&mut self, record: Record) -> Result<()> {
        self.metrics.as_ref().expect("the metrics are open").append(&record)?;
        self.trackers.each(|tracker| tracker.record(&record));
        Ok(())
    }

    /// All lines measured so far.
    pub fn records(&self) -> Result<Vec<Record>> {
        read_records(&self.path.join(METRICS))
    }

    /// Writes `value` as `name` in readable JSON.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value)? + "\n";
        atomic::write(&self.path.join(name), text.as_bytes())
    }

    /// Keeps what a person is to read at the end.
    pub fn write_result(&self, table: &str) -> Result<()> {
        atomic::write(&self.path.join(RESULT), table.as_bytes())
    }

    /// The table that [`Self::write_result`] kept; of a run stopped before it had one, the reason.
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

    /// Shows trackers the numbers that stand side by side in an evaluation.
    pub fn compare(&mut self, rows: &[(String, f64)]) {
        let step = self.status.step;
        self.trackers.each(|tracker| tracker.comparison(step, rows));
    }

    /// Ends what mirrors the run, and returns what is worth telling of it.
    pub fn finish_trackers(&mut self) -> Vec<String> {
        self.trackers.finish(self.status.state)
    }

    /// Warnings of what mirrors the run, each once.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.trackers.take_warnings()
    }

    /// Notes the training step that the run is at; it is written with the next heartbeat.
    pub fn at_step(&mut self, step: u64) {
        self.status.step = step;
    }

    /// Changes the status and writes it now.
    pub fn update(&mut self, change: impl FnOnce(&mut Status)) -> Result<()> {
        change(&mut self.status);
        self.status.heartbeat = unix_seconds();
        self.beaten = Instant::now();
        self.write_json("status.json", &self.status)
    }

    /// Changes the status and writes it when a heartbeat is due.
    pub fn beat(&mut self, change: impl FnOnce(&mut Status)) -> Result<()> {
        change(&mut self.status);
        if self.beaten.elapsed() < HEARTBEAT { Ok(()) } else { self.update(|_| {}) }
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

fn refuse_foreign_files(path: &Path) -> Result<()> {
    let Ok(mut entries) = fs::read_dir(path) else {
        ensure!(!path.exists(), "output_path {} is not a folder", path.display());
        return Ok(());
    };
    let foreign = |name: &std::ffi::OsString| !NOT_FOREIGN.iter().any(|known| name == known);
    let foreign = entries.find_map(|entry| Some(entry.ok()?.file_name()).filter(foreign));
    let Some(name) = foreign else { return Ok(()) };
    bail!(
        "output_path {} holds {} but no settings.yaml of a run; choose a folder of its own for this run",
        path.display(),
        name.display()
    )
}

fn lock(path: &Path) -> Result<File> {
    let file = path.join(LOCK);
    let lock = File::create(&file).with_context(|| atomic::failure(&file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(AlreadyRunning(path.to_owned()).into()),
        // Some network file systems have no locks; the run is worth more than the guard.
        Err(TryLockError::Error(_)) => Ok(lock),
    }
}

fn refuse_other_settings<T: Schema>(known: &Path, settings: &T) -> Result<()> {
    let before = settings::load::<T>(&[known.to_owned()], &[])
        .with_context(|| format!("{} cannot be read; choose another output_path", known.display()))?;
    let differing = settings::result_differences(&before.settings, settings);
    let listed: String =
        differing.iter().map(|d| format!("\n  {}: {} there, {} now", d.key, d.left, d.right)).collect();
    ensure!(
        differing.is_empty(),
        "{} holds a run of other settings:{listed}\nrepeat its command to go on with it, or choose another output_path",
        known.parent().unwrap_or(known).display()
    );
    Ok(())
}

/// Whether a process is running the run in `path` now. Where a file system has no locks: no.
pub fn is_running(path: &Path) -> bool {
    is_held(&path.join(LOCK))
}

/// Whether a process holds the lock `file` now.
pub fn is_held(file: &Path) -> bool {
    File::open(file).is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
