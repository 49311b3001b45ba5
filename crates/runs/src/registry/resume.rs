//! The start of a process that continues a run.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use umwelt_base::UserError;

use super::{Run, quoted, shown};
use crate::sweeps::SWEEP_LOCK;
use crate::{EARLY_STOPPING, OUTPUT, RunState, is_running};

/// Starts `program train` on the own settings of a run that is interrupted, failed or lost. Its
/// output goes to `output.log`.
///
/// # Errors
/// A run in another state or under a sweep, which its scheduler continues.
pub fn resume(run: &Run, program: &Path) -> Result<Child> {
    check_resumable(run)?;
    let folder = std::path::absolute(&run.folder)?;
    let log = folder.join(OUTPUT);
    let open = || OpenOptions::new().create(true).append(true).open(&log);
    let output = || open().with_context(|| format!("could not open {}", log.display()));
    let mut command = Command::new(program);
    command.args(arguments(&folder)?).stdin(Stdio::null()).stdout(output()?).stderr(output()?);
    // Ctrl-C at the server ends the server only.
    command.process_group(0);
    command.spawn().context("could not start a run")
}

fn check_resumable(run: &Run) -> Result<()> {
    let state = run.summary.state;
    let resumable = matches!(state, RunState::Interrupted | RunState::Failed | RunState::Lost);
    let name = shown(&run.folder);
    let other =
        || UserError(format!("{name} is {state}; only interrupted, failed and lost runs are resumed"));
    ensure!(resumable && !is_running(&run.folder), other());
    let in_sweep = run.folder.join(EARLY_STOPPING).exists()
        || run.folder.parent().is_some_and(|parent| parent.join(SWEEP_LOCK).exists());
    let sweep = || UserError(format!("{name} belongs to a sweep; repeat the command of the sweep"));
    ensure!(!in_sweep, sweep());
    Ok(())
}

fn arguments(folder: &Path) -> Result<Vec<OsString>> {
    let text = folder.to_str().with_context(|| format!("{} is not UTF-8", shown(folder)))?;
    let output = format!("output_path={}", serde_json::Value::from(text));
    Ok(vec![
        "train".into(),
        "--configs".into(),
        folder.join("settings.yaml").into(),
        "--values".into(),
        output.into(),
    ])
}

/// The command of [`resume`], quoted for a shell.
pub fn resume_command(folder: &Path) -> Option<String> {
    let arguments = arguments(folder).ok()?;
    Some(format!("umwelt {}", quoted(&arguments)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{RunSummary, State, Status};

    fn run(folder: &Path, state: State) -> Run {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("settings.yaml"), "seed: 1\n").unwrap();
        let status = Status { state, ..Status::new() };
        fs::write(folder.join("status.json"), serde_json::to_string(&status).unwrap()).unwrap();
        Run { folder: folder.to_owned(), summary: RunSummary::read(folder).unwrap() }
    }

    #[test]
    fn a_lost_run_is_started_with_its_own_settings() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("it's");
        let lost = run(&folder, State::Running);
        assert_eq!(lost.summary.state, RunState::Lost);
        let mut child = resume(&lost, Path::new("/bin/echo")).unwrap();
        assert!(child.wait().unwrap().success());
        let printed = fs::read_to_string(folder.join(OUTPUT)).unwrap();
        let place = folder.display();
        let expected = format!("train --configs {place}/settings.yaml --values output_path=\"{place}\"\n");
        assert_eq!(printed, expected);
        assert!(resume_command(&folder).unwrap().starts_with("umwelt train --configs '"));
    }

    #[test]
    fn finished_runs_and_those_of_a_sweep_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let refused = |run: &Run| resume(run, Path::new("/bin/false")).unwrap_err().to_string();
        let finished = run(&root.path().join("a"), State::Finished);
        assert!(refused(&finished).contains("is finished; only interrupted"));
        let trial = run(&root.path().join("b"), State::Failed);
        fs::write(root.path().join("sweep.lock"), "").unwrap();
        assert!(refused(&trial).contains("belongs to a sweep"));
    }
}
