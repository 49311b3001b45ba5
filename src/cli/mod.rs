//! Subcommands, one file each.

mod agents;
mod data;
mod doctor;
mod evaluate;
#[cfg(feature = "language")]
mod lm;
#[cfg(feature = "language")]
mod message;
mod report;
mod runs;
#[cfg(feature = "serve")]
mod serve;
mod sweep;
mod train;

pub use agents::{AgentsArguments, agents};
pub use data::{DataArguments, data};
pub use doctor::doctor;
pub use evaluate::{EvaluateArguments, evaluate};
#[cfg(feature = "language")]
pub use lm::{LmArguments, lm};
#[cfg(feature = "language")]
pub use message::{MessageArguments, message};
pub use report::{ReportArguments, report};
pub use runs::{RunsArguments, runs};
#[cfg(feature = "serve")]
pub use serve::{ServeArguments, serve};
pub use sweep::{SweepArguments, sweep};
pub use train::{TrainArguments, train};

use crate::settings::SettingsError;
use umwelt_base::UserError;
use umwelt_base::stop::{INTERRUPTED, Interrupted};
use umwelt_base::terminal;

/// Prints the error and returns the exit code: 2 for a mistake of the user, 130 for an
/// interruption.
pub fn leave(result: anyhow::Result<()>) -> std::process::ExitCode {
    let Err(error) = result else { return std::process::ExitCode::SUCCESS };
    if error.is::<Interrupted>() {
        return std::process::ExitCode::from(INTERRUPTED as u8);
    }
    terminal::note(format!("error: {error:#}"));
    let mistake = error.is::<SettingsError>() || error.is::<UserError>();
    std::process::ExitCode::from(if mistake { 2 } else { 1 })
}
