//! What goes wrong with runs, and how often they are started again.

use anyhow::Result;

use super::Trial;
use super::folder::SweepFolder;
use super::worker::Ending;

/// A run that is killed from outside has done nothing wrong, and goes on from its checkpoint this often.
const RESTARTS: usize = 2;

/// How often one run was killed, and how often it failed, under one scheduler.
#[derive(Default)]
pub struct Retries {
    killed: usize,
    failed: usize,
}

impl Retries {
    /// Keeps what went wrong, and says whether the run is to be started again.
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
