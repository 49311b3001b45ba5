//! Signals: the first one requests a clean stop; a second Ctrl-C exits at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::signal_name;

/// The exit code of a run that a signal stopped.
pub const INTERRUPTED: i32 = 130;

/// The signals that request a stop, beside Ctrl-C.
///
/// - SIGTERM: a user or scheduler ends the process.
/// - SIGHUP: the terminal or the SSH session closes.
/// - SIGXCPU: the CPU time is used up (`ulimit -t`, LSF, Grid Engine).
/// - SIGUSR1: the time limit is near (Slurm's `--signal`, Grid Engine's `-notify`).
/// - SIGUSR2: the time limit is near (LSF, Grid Engine).
///
/// However often they come, they only request a clean stop, so that a checkpoint can be written to
/// its end. A scheduler may send several of them, and Slurm sends SIGTERM to every process of a job:
/// a run gets it from Slurm and again from the task that started it. SIGQUIT (`Ctrl-\`) keeps its
/// default effect, so that it still ends a process that does not respond.
const REQUESTS: [i32; 5] = [SIGTERM, SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2];

/// The error of work that stopped early because of a signal.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// The request to stop, shared by all clones: set by a signal, read by long-running work.
#[derive(Clone, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Installs the signal handlers.
    ///
    /// SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1 and SIGUSR2 request a stop. A second SIGINT exits
    /// at once. A signal other than SIGINT that the process was started to ignore (SIGHUP by
    /// `nohup`) stays ignored.
    pub fn listen() -> Result<Self> {
        let (stop, interrupted) = (Self::default(), Arc::<AtomicBool>::default());
        flag::register_conditional_shutdown(SIGINT, INTERRUPTED, interrupted.clone())?;
        flag::register(SIGINT, interrupted)?;
        stop.listen_for(SIGINT)?;
        for signal in REQUESTS.into_iter().filter(|signal| !is_ignored(*signal)) {
            stop.listen_for(signal)?;
        }
        // With a handler, a write beyond `ulimit -f` fails like one to a full disk. Without a
        // handler, the signal would end the process.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(stop)
    }

    fn listen_for(&self, signal: i32) -> Result<()> {
        flag::register_usize(signal, self.signal.clone(), signal as usize)?;
        flag::register(signal, self.requested.clone())?;
        Ok(())
    }

    /// True once a signal has requested a stop.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// The number of the last signal; 0 before the first one.
    pub fn signal(&self) -> i32 {
        self.signal.load(Ordering::Relaxed) as i32
    }

    /// The name of the last signal, or `a signal` before the first one.
    pub fn reason(&self) -> &'static str {
        signal_name(self.signal()).unwrap_or("a signal")
    }

    /// Returns an error once a signal has requested a stop.
    ///
    /// # Errors
    /// [`Interrupted`] after a signal.
    pub fn check(&self) -> Result<()> {
        if self.is_requested() { Err(Interrupted.into()) } else { Ok(()) }
    }
}

/// True if the process was started to ignore `signal`.
fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: with a null pointer for the new action, `sigaction` changes nothing. It has filled in
    // the present action if it returns 0.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
