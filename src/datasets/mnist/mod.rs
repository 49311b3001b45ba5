//! The published files of MNIST (LeCun, Cortes and Burges 1998), and checks of a folder against
//! them.

mod fetch;
mod source;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::digits::idx::{Kind, check_magic};
use super::digits::layout;
use super::pictures::Split;

pub use super::digits::layout::{FOLDER, hint};
pub use fetch::fetch;
pub use source::Source;

/// One of the four files, unpacked.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    pub name: &'static str,
    pub items: usize,
    pub size: usize,
    kind: Kind,
    sha256: &'static str,
}

/// Training images and labels, then those of the test set.
pub const FILES: [Published; 4] = [
    Published::new(
        Split::Training,
        Kind::Images,
        60_000,
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    Published::new(
        Split::Training,
        Kind::Labels,
        60_000,
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    Published::new(
        Split::Validation,
        Kind::Images,
        10_000,
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    Published::new(
        Split::Validation,
        Kind::Labels,
        10_000,
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
];

/// A missing or damaged file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{}: no such file, plain or gzipped", .0.display())]
    Missing(PathBuf),
    #[error("{}: {reason}", .path.display())]
    Damaged { path: PathBuf, reason: String },
}

impl Published {
    const fn new(split: Split, kind: Kind, items: usize, size: usize, sha256: &'static str) -> Self {
        Self { name: layout::name(split, kind), items, size, kind, sha256 }
    }

    /// Reads the file from `folder`, in any of the common layouts, and checks size, magic number
    /// and SHA-256.
    ///
    /// # Errors
    /// When the file is missing, cannot be read, or differs from the published one.
    pub fn read(&self, folder: &Path) -> Result<Vec<u8>, Fault> {
        let path = layout::find(folder, self.name).ok_or_else(|| Fault::Missing(folder.join(self.name)))?;
        let bytes = layout::read(&path).map_err(|error| format!("{error:#}"));
        let checked = bytes.and_then(|bytes| self.difference(&bytes).map_or(Ok(bytes), Err));
        checked.map_err(|reason| Fault::Damaged { path, reason })
    }

    /// The first difference of these bytes from the published ones, in words.
    fn difference(&self, bytes: &[u8]) -> Option<String> {
        if let Err(error) = check_magic(bytes, self.kind) {
            return Some(error.to_string());
        }
        if bytes.len() != self.size {
            return Some(format!("has {} bytes where MNIST has {}", bytes.len(), self.size));
        }
        let sum = sha256(bytes);
        (sum != self.sha256).then(|| format!("its SHA-256 is {sum} where MNIST has {}", self.sha256))
    }
}

/// The files that are missing or damaged in `folder`, with the reasons.
pub fn faults(folder: &Path) -> Vec<(Published, Fault)> {
    FILES.into_iter().filter_map(|file| Some((file, file.read(folder).err()?))).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut sum, byte| {
        write!(sum, "{byte:02x}").expect("a string takes all");
        sum
    })
}

#[cfg(test)]
mod tests;
