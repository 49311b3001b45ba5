//! The columns of one log, and how far it has been read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use umwelt_runs::METRICS;
use umwelt_runs::registry::{FileStamp, open_beneath};

use super::{Columns, parse::parse};

/// The most bytes that are read at once, so that a first read gives partial answers.
const BLOCK: u64 = 16 << 20;
/// The bytes before the unread part that are compared to notice a log that was rewritten in place.
const SEEN: usize = 64;

/// A log that is read in pieces.
#[derive(Debug, Default)]
pub struct Log {
    columns: Columns,
    /// The bytes read, all of them whole lines.
    read: u64,
    /// The last bytes read.
    seen: Vec<u8>,
    stamp: Option<FileStamp>,
    complete: bool,
}

impl Log {
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// True if every whole line was read when the log was last looked at.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Reads new whole lines of the log of the run in `folder`, one block at most. A log that was
    /// replaced is read from its start. A missing log is empty.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn read_on(&mut self, folder: &Path) -> io::Result<()> {
        let file = match open_beneath(folder, Path::new(METRICS)) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                *self = Self { complete: true, ..Self::default() };
                return Ok(());
            }
            opened => opened?,
        };
        let stamp = FileStamp::of(&file.metadata()?);
        if self.stamp == Some(stamp) && self.complete {
            return Ok(());
        }
        if self.was_replaced(&file, stamp)? {
            *self = Self::default();
        }
        self.read_block(&file, stamp.size)?;
        self.stamp = Some(stamp);
        Ok(())
    }

    fn was_replaced(&self, file: &File, now: FileStamp) -> io::Result<bool> {
        let Some(before) = self.stamp else { return Ok(false) };
        let mut seen = vec![0; self.seen.len()];
        let is_shorter = now.size < self.read;
        if now.inode != before.inode || is_shorter {
            return Ok(true);
        }
        file.read_exact_at(&mut seen, self.read - self.seen.len() as u64)?;
        Ok(seen != self.seen)
    }

    fn read_block(&mut self, file: &File, size: u64) -> io::Result<()> {
        let mut block = BLOCK;
        loop {
            let wanted = (size - self.read).min(block);
            let mut bytes = vec![0; wanted as usize];
            file.read_exact_at(&mut bytes, self.read)?;
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            // A line longer than a block is read with a larger one.
            if whole == 0 && wanted == block {
                block *= 2;
                continue;
            }
            self.columns.append(parse(&bytes[..whole]));
            self.read += whole as u64;
            if whole > 0 {
                self.seen = bytes[whole.saturating_sub(SEEN)..whole].to_vec();
            }
            self.complete = wanted < block;
            return Ok(());
        }
    }
}
