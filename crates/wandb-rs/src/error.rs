use std::io;
use std::path::PathBuf;

/// What can go wrong here on this machine; the network is never among it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The run's folder could not be made.
    #[error("could not make {path}: {source}; choose another folder with WANDB_DIR")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written, for want of room mostly.
    #[error("could not write {path}: {source}; the W&B log ends here, what was logged before is kept")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A run id that W&B does not take.
    #[error(
        "{0:?} is no run id: it must not be empty, nor hold any of : ; , # ? / ' \\ or spaces at its ends"
    )]
    RunId(String),
    /// A name that leads out of the run's folder of files.
    #[error("{0:?} is no name for a run's file: it must be relative and without '..'")]
    FileName(String),
    /// Bytes that do not begin as a PNG file does.
    #[error("the image is not a PNG file: encode it as PNG first")]
    NotPng,
    /// Bin edges that do not fit the counts.
    #[error("a histogram of {counts} counts needs {} bin edges, not {edges}", counts + 1)]
    BinEdges {
        /// How many counts were given.
        counts: usize,
        /// How many edges were given.
        edges: usize,
    },
}
