//! Ctrl-C and its relatives: the first asks, the second does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;

/// The exit code of a run that was asked to stop.
pub const INTERRUPTED: i32 = 130;

/// Work was left because a signal asked for it.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Whether someone asked the process to stop.
#[derive(Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Listens for SIGINT, SIGTERM and SIGUSR1, by which Slurm warns of the time limit. A second SIGINT or SIGTERM
    /// ends the process at once.
    pub fn listen() -> Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, INTERRUPTED, stop.asked.clone())?;
        }
        for signal in [SIGINT, SIGTERM, SIGUSR1] {
            flag::register_usize(signal, stop.signal.clone(), signal as usize)?;
            flag::register(signal, stop.asked.clone())?;
        }
        Ok(stop)
    }

    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The number of the signal that asked; 0 before one came.
    pub fn signal(&self) -> i32 {
        self.signal.load(Ordering::Relaxed) as i32
    }

    /// The name of the signal that asked.
    pub fn reason(&self) -> &'static str {
        match self.signal() {
            SIGTERM => "SIGTERM",
            SIGUSR1 => "SIGUSR1",
            _ => "SIGINT",
        }
    }

    /// # Errors
    /// [`Interrupted`] when someone asked.
    pub fn check(&self) -> Result<()> {
        if self.asked() { Err(Interrupted.into()) } else { Ok(()) }
    }
}
