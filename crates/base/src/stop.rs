//! Signals: the first requests a clean stop; a second Ctrl-C or SIGTERM exits at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::signal_name;

/// The exit code of a run that was asked to stop.
pub const INTERRUPTED: i32 = 130;

/// Signals of someone who wants the process to end. SIGQUIT (`Ctrl-\`) is not among them: it is the way to end a
/// process that does not answer, and keeps its effect.
const REQUESTS: [i32; 2] = [SIGINT, SIGTERM];

/// Signals which announce that the process is about to be ended: the terminal or the SSH session closes (SIGHUP),
/// the CPU time is used up (SIGXCPU: `ulimit -t`, LSF, Grid Engine), the time limit is near (SIGUSR1: Slurm's
/// `--signal`, Grid Engine's `-notify`; SIGUSR2: LSF, Grid Engine). They come several times, and with a SIGTERM
/// behind them; none of that cuts the checkpoint short.
const WARNINGS: [i32; 4] = [SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2];

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
    /// Listens for SIGINT and SIGTERM, of which a second one ends the process at once, and for SIGHUP, SIGXCPU,
    /// SIGUSR1 and SIGUSR2. Of these, one that the process was started to ignore (SIGHUP by `nohup`) stays ignored.
    pub fn listen() -> Result<Self> {
        let (stop, requested) = (Self::default(), Arc::<AtomicBool>::default());
        for signal in REQUESTS {
            flag::register_conditional_shutdown(signal, INTERRUPTED, requested.clone())?;
            flag::register(signal, requested.clone())?;
            stop.listen_for(signal)?;
        }
        for signal in WARNINGS.into_iter().filter(|signal| !is_ignored(*signal)) {
            stop.listen_for(signal)?;
        }
        // Caught, so that a file beyond `ulimit -f` is an error like a full disk and not the end of the process.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(stop)
    }

    fn listen_for(&self, signal: i32) -> Result<()> {
        flag::register_usize(signal, self.signal.clone(), signal as usize)?;
        flag::register(signal, self.asked.clone())?;
        Ok(())
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
        signal_name(self.signal()).unwrap_or("a signal")
    }

    /// # Errors
    /// [`Interrupted`] when someone asked.
    pub fn check(&self) -> Result<()> {
        if self.asked() { Err(Interrupted.into()) } else { Ok(()) }
    }
}

/// Whether the process was started to ignore `signal`.
fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action `sigaction` changes nothing, and fills in the present one where it returns 0.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
