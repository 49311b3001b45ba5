//! The process of one run.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::low_level::signal_name;

use super::Trial;
use super::folder::SweepFolder;
use super::pruner;
use crate::{OUTPUT, Status};
use umwelt_base::stop::INTERRUPTED;

/// A process that runs a trial.
pub struct Worker {
    pub trial: Trial,
    child: Child,
}

/// The ending of a worker's process.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The run is finished, or early stopping ended it.
    Done,
    /// A signal stopped the run cleanly, with a checkpoint.
    Interrupted,
    /// Something killed the process; its last checkpoint remains.
    Killed(String),
    /// The run failed with this error.
    Failed(String),
}

impl Worker {
    /// Starts `train` for a trial with `threads` CPU threads (0: no limit), on `gpu` if given. Its
    /// output goes to `output.log` in the run's folder.
    pub fn start(folder: &SweepFolder, trial: Trial, threads: usize, gpu: Option<&str>) -> Result<Self> {
        let path = folder.run_path(&trial);
        fs::create_dir_all(&path).with_context(|| format!("could not make the folder {}", path.display()))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments(folder, &trial)?).stdin(Stdio::null());
        command.stdout(log(&path)).stderr(log(&path));
        // In a process group of its own, the run gets Ctrl-C from the scheduler only, once.
        command.process_group(0);
        if threads > 0 {
            command.env("OMP_NUM_THREADS", threads.to_string());
        }
        if let Some(gpu) = gpu {
            command.env("CUDA_VISIBLE_DEVICES", gpu);
        }
        pruner::write_rule(folder, &trial)?;
        let child = command.spawn().context("could not start a run")?;
        Ok(Self { trial, child })
    }

    /// The ending of the process, or `None` while it runs.
    pub fn ended(&mut self, folder: &SweepFolder) -> Result<Option<Ending>> {
        let status = self.child.try_wait()?;
        Ok(status.map(|status| ending(status, &folder.run_path(&self.trial))))
    }

    pub fn signal(&self, signal: Signal) {
        // Signalling a process that has just ended fails, and that is fine.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }
}

/// The log of the run in `folder`, or nothing if the log cannot be opened: the run matters more.
fn log(folder: &Path) -> Stdio {
    let file = OpenOptions::new().create(true).append(true).open(folder.join(OUTPUT));
    file.map_or_else(|_| Stdio::null(), Stdio::from)
}

/// The arguments of `umwelt` that run a trial.
///
/// # Errors
/// A path of the run that is not UTF-8, which the setting `output_path` must be.
pub fn arguments(folder: &SweepFolder, trial: &Trial) -> Result<Vec<OsString>> {
    let text = |key: &str, value: &str| OsString::from(format!("{key}={}", serde_json::Value::from(value)));
    let path = folder.run_path(trial);
    let path_text = path.to_str().with_context(|| not_text(&path))?;
    let mut arguments = vec!["train".into()];
    if !trial.configs.is_empty() {
        arguments.push("--configs".into());
        arguments.extend(trial.configs.iter().map(OsString::from));
    }
    arguments.push("--values".into());
    arguments.push(text("run_group", &folder.file.name));
    arguments.push(text("run_name", &trial.name));
    arguments.extend(trial.arguments().into_iter().map(OsString::from));
    arguments.push(text("output_path", path_text));
    Ok(arguments)
}

fn not_text(path: &Path) -> String {
    format!("{} is not UTF-8, which settings must be; choose another folder with --output", path.display())
}

fn ending(status: ExitStatus, run: &Path) -> Ending {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ending::Done,
        // A run that is over failed only to print its result, which its folder holds.
        (Some(_), _) if Status::read(run).is_some_and(|status| status.state.is_over()) => Ending::Done,
        (Some(INTERRUPTED), _) => Ending::Interrupted,
        (Some(code), _) => Ending::Failed(last_error(run).unwrap_or(format!("exit code {code}"))),
        (None, signal) => {
            let name = signal.and_then(signal_name).unwrap_or("a signal");
            Ending::Killed(format!("killed by {name}"))
        }
    }
}

/// The last error in the run's output, without its label.
fn last_error(run: &Path) -> Option<String> {
    let text = String::from_utf8_lossy(&fs::read(run.join(OUTPUT)).ok()?).into_owned();
    let start = text.rfind("error: ").map(|at| at + "error: ".len());
    let panicked = || text.lines().rev().find(|line| line.contains("panicked at")).map(str::to_owned);
    start.map(|at| text[at..].trim().to_owned()).or_else(panicked)
}
