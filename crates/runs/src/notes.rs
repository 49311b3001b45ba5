//! `notes.md`: what a person writes beside a run.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use umwelt_base::{UserError, atomic};

/// The name of the file.
pub const NOTES: &str = "notes.md";
/// The most bytes of notes.
const MOST: usize = 64 << 10;

/// Replaces the notes of the run in `folder` by `text`.
///
/// # Errors
/// More than 64 kB of text, or a folder that cannot be written.
pub fn write_notes(folder: &Path, text: &str) -> Result<()> {
    let too_long = || UserError(format!("notes of {} bytes are too long; write at most {MOST}", text.len()));
    ensure!(text.len() <= MOST, too_long());
    let path = folder.join(NOTES);
    atomic::replace(&path, text.as_bytes()).with_context(|| format!("could not write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_replaced_and_bounded() {
        let run = tempfile::tempdir().unwrap();
        write_notes(run.path(), "diverges").unwrap();
        write_notes(run.path(), &"x".repeat(MOST)).unwrap();
        assert!(write_notes(run.path(), &"x".repeat(MOST + 1)).unwrap_err().to_string().contains("too long"));
        assert_eq!(std::fs::read_to_string(run.path().join(NOTES)).unwrap().len(), MOST);
    }
}
