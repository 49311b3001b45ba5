//! Stamps of files, by which a change or a replacement is noticed.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The time, size and inode of a file. The inode tells a replaced file from the old one even if
/// both have the same size and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileStamp {
    /// The whole seconds of the time of the last change, and its nanoseconds.
    pub modified: (i64, i64),
    /// Bytes.
    pub size: u64,
    pub inode: u64,
}

impl FileStamp {
    pub fn of(file: &Metadata) -> Self {
        Self { modified: (file.mtime(), file.mtime_nsec()), size: file.size(), inode: file.ino() }
    }

    /// The time of the last change in Unix seconds.
    pub fn modified_seconds(&self) -> f64 {
        self.modified.0 as f64 + 1e-9 * self.modified.1 as f64
    }
}

impl fmt::Display for FileStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}:{}:{}", self.modified.0, self.modified.1, self.size, self.inode)
    }
}
