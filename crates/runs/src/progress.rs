//! Progress of long-running work.

use std::cell::RefCell;

use anyhow::Result;

use umwelt_base::stop::Stop;

use crate::{Console, RunFolder};

/// Receives the progress of long-running work, and may cancel it.
pub trait Progress {
    /// Reports that `done` of `of` parts of the phase `what` are done.
    ///
    /// # Errors
    /// [`umwelt_base::stop::Interrupted`] if the work must stop.
    fn update(&self, what: &'static str, done: u64, of: u64) -> Result<()>;
}

/// No display; only cancellation.
impl Progress for Stop {
    fn update(&self, _what: &'static str, _done: u64, _of: u64) -> Result<()> {
        self.check()
    }
}

/// Shows progress on the console and in the run's status.
pub struct ProgressReporter<'a> {
    shown: RefCell<(&'a mut RunFolder, &'a mut Console)>,
    stop: &'a Stop,
}

impl<'a> ProgressReporter<'a> {
    pub fn new(run: &'a mut RunFolder, console: &'a mut Console, stop: &'a Stop) -> Self {
        Self { shown: RefCell::new((run, console)), stop }
    }
}

impl Progress for ProgressReporter<'_> {
    fn update(&self, what: &'static str, done: u64, of: u64) -> Result<()> {
        self.stop.check()?;
        let (run, console) = &mut *self.shown.borrow_mut();
        console.phase(what, done, of);
        run.heartbeat(|status| {
            status.phase = what.into();
            status.phase_done = done;
            status.phase_steps = of;
        })
    }
}
