//! The limit on restarts of a run.

use anyhow::Result;

use super::Trial;
use super::folder::SweepFolder;
use super::worker::Ending;

/// The restarts of a run that was killed from outside, each from its checkpoint.
const RESTARTS: usize = 2;

/// The failures of one run under one scheduler.
#[derive(Default)]
pub struct Retries {
    killed: usize,
    failed: usize,
}

impl Retries {
    /// Records a failure in the sweep's folder; true if the run is to be started again.
    pub fn record(&mut self, folder: &SweepFolder, trial: &Trial, ending: Ending) -> Result<bool> {
        let (error, again) = match ending {
            Ending::Done | Ending::Interrupted => return Ok(false),
            Ending::Killed(error) => {
                self.killed += 1;
                (error, self.killed <= RESTARTS)
            }
            Ending::Failed(error) => {
                self.failed += 1;
                (error, self.failed <= folder.file.retries)
            }
        };
        folder.note_failure(trial, error)?;
        Ok(again)
    }
}
