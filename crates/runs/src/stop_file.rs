//! `stop`: a file in a run folder that asks its run to leave a checkpoint and stop.
//!
//! It works on every file system and under every scheduler, unlike a signal to a process id, which
//! may belong to another machine.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Context, Result};
use umwelt_base::UserError;

use crate::{RunState, RunSummary, registry::shown};

/// The name of the file.
pub const STOP: &str = "stop";

/// Asks the run in `folder` to stop. Asking twice is no error.
///
/// # Errors
/// A run that is not running, or a folder that cannot be written.
pub fn request_stop(folder: &Path) -> Result<()> {
    let state = RunSummary::read(folder).map(|run| run.state);
    if state != Some(RunState::Running) {
        let state = state.map_or("no run".into(), |state| state.to_string());
        return Err(
            UserError(format!("{} is {state}; only a running run can be stopped", shown(folder))).into()
        );
    }
    let path = folder.join(STOP);
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Err(there) if there.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop).with_context(|| format!("could not make {}", path.display())),
    }
}

/// True if the run in `folder` is asked to stop.
pub fn is_stop_requested(folder: &Path) -> bool {
    folder.join(STOP).symlink_metadata().is_ok()
}

/// Removes the request, as a run does when it starts.
///
/// # Errors
/// A file that cannot be removed.
pub fn clear_stop(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(STOP)) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Opened, RunFolder};
    use umwelt_settings::example::RunSettings;

    #[test]
    fn a_running_run_is_asked_once_and_others_are_refused() {
        let at = tempfile::tempdir().unwrap();
        let folder = at.path().join("run");
        let Opened::Unfinished(mut run) = RunFolder::open(&folder, &RunSettings::default()).unwrap() else {
            panic!("the folder is new");
        };
        run.update(|_| {}).unwrap();
        assert!(!is_stop_requested(&folder));
        request_stop(&folder).unwrap();
        request_stop(&folder).unwrap();
        assert!(is_stop_requested(&folder));
        clear_stop(&folder).unwrap();
        clear_stop(&folder).unwrap();
        assert!(!is_stop_requested(&folder));
        drop(run);
        let error = request_stop(&folder).unwrap_err().to_string();
        assert!(error.contains("is lost; only a running run can be stopped"), "{error}");
        assert!(request_stop(at.path()).unwrap_err().to_string().contains("is no run"));
    }
}
