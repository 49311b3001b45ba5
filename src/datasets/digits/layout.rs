//! Where the files of MNIST lie in a folder, and what is in them, gzipped or not.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::bufread::GzDecoder;

use super::idx::Kind;
use crate::datasets::Split;

/// Where the digits lie unless another folder is named.
pub const FOLDER: &str = "data/mnist";

/// Twice the largest set of digits that is published in this format (EMNIST by class, 547 MB of images).
const MOST_UNPACKED: usize = 1 << 30;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The name under which a file is published.
pub const fn name(split: Split, kind: Kind) -> &'static str {
    match (split, kind) {
        (Split::Training, Kind::Images) => "train-images-idx3-ubyte",
        (Split::Training, Kind::Labels) => "train-labels-idx1-ubyte",
        (Split::Validation, Kind::Images) => "t10k-images-idx3-ubyte",
        (Split::Validation, Kind::Labels) => "t10k-labels-idx1-ubyte",
    }
}

/// What to do about files that are missing or damaged.
pub fn hint(folder: &Path) -> String {
    let flag = match folder == Path::new(FOLDER) {
        true => String::new(),
        false => format!(" --folder {}", folder.display()),
    };
    format!("`umwelt data mnist{flag}` fetches MNIST")
}

/// The file that is published as `name`, if it lies in `folder` in one of the ways in which it is spread: under that name or with a
/// dot for its second dash, in a folder of its own name or not, and gzipped or not. A plain file comes before a gzipped one.
pub fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let names = [name.to_owned(), name.replace("-idx", ".idx")];
    let places = |ending: &str| {
        let of = |name: &String| {
            let file = format!("{name}{ending}");
            [folder.join(&file), folder.join(name).join(&file)]
        };
        names.iter().flat_map(of).collect::<Vec<_>>()
    };
    [places(""), places(".gz")].concat().into_iter().find(|place| place.is_file())
}

/// The content of a file, unpacked where it is gzipped, whatever its name says.
///
/// # Errors
/// When it cannot be read or its gzip is damaged.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(file).context("cannot be read")?;
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    unpack(&bytes, MOST_UNPACKED)
}

/// The content of a gzip file of one or more members. Tapes and some mirrors pad it with zeros, which are passed over.
///
/// # Errors
/// When the file is damaged, holds something else behind its members, or unpacks to more than `most` bytes.
pub(super) fn unpack(mut packed: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    while packed.iter().any(|byte| *byte != 0) {
        let mut member = GzDecoder::new(packed);
        let room = (most - unpacked.len()) as u64 + 1;
        member.by_ref().take(room).read_to_end(&mut unpacked).context("is a damaged gzip file")?;
        ensure!(unpacked.len() <= most, "is a gzip file that unpacks to more than {most} bytes");
        packed = member.into_inner();
    }
    Ok(unpacked)
}
