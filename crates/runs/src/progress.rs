//! What is told of long work while it lasts.

use std::cell::RefCell;

use anyhow::Result;

use umwelt_base::stop::Stop;

use crate::{Console, RunFolder};

/// Told how far long work is, and asked whether it may go on.
pub trait Progress {
    /// `done` of `of` parts of `what` are done.
    ///
    /// # Errors
    /// [`umwelt_base::stop::Interrupted`] when the work is to stop.
    fn update(&self, what: &'static str, done: u64, of: u64) -> Result<()>;
}

/// Nobody looks on, but the work can be stopped.
impl Progress for Stop {
    fn update(&self, _what: &'static str, _done: u64, _of: u64) -> Result<()> {
        self.check()
    }
}

/// Shows the work on the console and in the run's status.
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
        run.beat(|status| {
            status.phase = what.into();
            status.phase_done = done;
            status.phase_steps = of;
        })
    }
}
