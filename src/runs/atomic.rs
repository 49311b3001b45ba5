//! Files of a run folder that are either whole or not there.

use std::path::Path;

use anyhow::{Context, Result};

pub use crate::atomic::sweep;

/// Writes `bytes` to `path` so that a crash at any moment leaves the old file or the new one.
///
/// # Errors
/// Names the file and what to do when there is no room; nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    crate::atomic::replace(path, bytes).with_context(|| failure(path))
}

/// What to say when `path` cannot be written.
pub fn failure(path: &Path) -> String {
    format!(
        "could not write {}; make room or choose another output_path, then repeat the command: \
         it goes on from the newest checkpoint",
        path.display()
    )
}
