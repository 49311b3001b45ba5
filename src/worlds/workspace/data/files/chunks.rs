//! Long files in pieces, with progress.

use std::io::{Result, Write};
use std::path::Path;

/// Items that are made and written at a time.
const CHUNK: usize = 4096;

/// A callback with the file that is being made, the number of its items that are done, and that of
/// all.
pub type Progress<'a> = &'a dyn Fn(&Path, usize, usize);

/// The items of a file, and the progress of making it.
pub struct Chunks<'a> {
    pub path: &'a Path,
    pub items: usize,
    pub progress: Progress<'a>,
}

impl Chunks<'_> {
    /// Calls `make` with the rows of each piece in order.
    pub fn for_each<E>(
        &self,
        mut make: impl FnMut(std::ops::Range<usize>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        for start in (0..self.items).step_by(CHUNK) {
            let end = self.items.min(start + CHUNK);
            make(start..end)?;
            (self.progress)(self.path, end, self.items);
        }
        Ok(())
    }

    /// Writes the bytes that `make` returns for the rows of each piece.
    pub fn write(&self, out: &mut dyn Write, make: impl Fn(std::ops::Range<usize>) -> Vec<u8>) -> Result<()> {
        self.for_each(|rows| out.write_all(&make(rows)))
    }
}
