//! The page `/digits` of `umwelt serve`: digits are drawn and taught to weightless agents.
//!
//! [`room`] makes the page for the server. Agents stay in memory, each behind its own lock; every
//! lesson is on the disk before its answer is sent, so a server that dies loses none. Trainings and
//! tests are jobs on threads of their own, which let guesses through between short slices.

mod api;
mod baselines;
mod drawing;
mod files;
mod history;
mod jobs;
mod opened;
mod shelf;
mod sources;
mod upload;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use tokio::sync::Semaphore;
use umwelt_serve::{EmbeddedFile, Publisher, Room};

use shelf::Shelf;
use sources::Sources;
pub use sources::{Load, Part};

/// The name of the page.
const NAME: &str = "digits";

/// The content type that `/api/digits/upload` takes, for the server's guard.
pub const UPLOAD: (&str, &str) = ("/api/digits/upload", "application/octet-stream");

/// The options of the page.
pub struct Options {
    /// The folder of saved agents, the only one that is written to.
    pub folder: PathBuf,
    /// Files of agents to open, unless an agent of the same name is open from an earlier server.
    pub agents: Vec<PathBuf>,
    /// Digits that people wrote, such as MNIST.
    pub written: Load,
}

/// All that the endpoints share.
struct Digits {
    shelf: Shelf,
    sources: Sources,
    events: Publisher,
    /// The uploads that may still begin.
    uploads: Semaphore,
}

/// The files of the page: embedded in a release, read from the disk in a debug build.
#[derive(rust_embed::RustEmbed)]
#[folder = "web/"]
struct Web;

/// The page, with the agents that were open when the last server ended.
///
/// # Errors
/// An agent's file that cannot be read, or a folder that cannot be written.
pub fn room(options: Options, events: Publisher) -> Result<Room> {
    let shelf = Shelf::open(&options.folder, &options.agents)?;
    let (sources, uploads) = (Sources::new(options.written), Semaphore::new(upload::AT_ONCE));
    let digits = Digits { shelf, sources, events, uploads };
    let file: fn(&str) -> Option<EmbeddedFile> = Web::get;
    Ok(Room { name: NAME, title: "Digits", endpoints: api::router(Arc::new(digits)), file, opens: None })
}
