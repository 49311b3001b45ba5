use std::io;
use std::path::PathBuf;

/// An error on this machine: a file that cannot be written, or a wrong argument. Network problems
/// never cause one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The run's folder could not be made.
    #[error("could not make {path}: {source}; choose another folder with WANDB_DIR")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file could not be written, most often because the disk is full.
    #[error("could not write {path}: {source}; the W&B log ends here, what was logged before is kept")]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A run id that W&B does not accept.
    #[error(
        "{0:?} is no run id: it must not be empty, nor hold any of : ; , # ? / ' \\ or spaces at its ends"
    )]
    RunId(String),
    /// A file name that points outside the run's `files` folder.
    #[error("{0:?} is no name for a run's file: it must be relative and without '..'")]
    FileName(String),
    /// Bytes without the header of a PNG file.
    #[error("the image is not a PNG file: encode it as PNG first")]
    NotPng,
    /// A number of bin edges that does not match the number of counts.
    #[error("a histogram of {counts} counts needs {} bin edges, not {edges}", counts + 1)]
    BinEdges {
        /// The number of counts.
        counts: usize,
        /// The number of edges.
        edges: usize,
    },
}
