//! The file layouts of MNIST, and reading its files, gzipped or not.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::bufread::GzDecoder;

use super::idx::Kind;
use crate::datasets::Split;

/// The default folder of the digits.
pub const FOLDER: &str = "data/mnist";

/// Twice the largest set of digits that is published in this format (EMNIST by class, 547 MB of
/// images).
const MOST_UNPACKED: usize = 1 << 30;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The published name of a file.
pub const fn name(split: Split, kind: Kind) -> &'static str {
    match (split, kind) {
        (Split::Training, Kind::Images) => "train-images-idx3-ubyte",
        (Split::Training, Kind::Labels) => "train-labels-idx1-ubyte",
        (Split::Validation, Kind::Images) => "t10k-images-idx3-ubyte",
        (Split::Validation, Kind::Labels) => "t10k-labels-idx1-ubyte",
    }
}

/// The command that mends missing or damaged files.
pub fn hint(folder: &Path) -> String {
    let flag = match folder == Path::new(FOLDER) {
        true => String::new(),
        false => format!(" --folder {}", folder.display()),
    };
    format!("`umwelt data mnist{flag}` fetches MNIST")
}

/// Looks for the file published as `name` in the common layouts of `folder`: under that name or
/// with a dot in place of its second dash, in a folder of the same name or not, gzipped or not. A
/// plain file is preferred.
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

/// The content of a file, unpacked if it is gzipped, which its first bytes show.
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

/// The content of a gzip file of one or more members. Zeros after the last member are ignored;
/// tapes and some mirrors pad files with them.
///
/// # Errors
/// When the file is damaged, has other bytes after its members, or unpacks to more than `most`
/// bytes.
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
