//! The IDX format of MNIST: a magic number, the length of each dimension (both big-endian), then
//! the values.

use anyhow::{Result, bail, ensure};

/// The kind of a file of unsigned bytes, given by its magic number. The last byte of that number is
/// the number of dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Images,
    Labels,
}

impl Kind {
    /// The magic number: the first four bytes of a file.
    pub const fn magic(self) -> u32 {
        match self {
            Self::Images => 2051,
            Self::Labels => 2049,
        }
    }

    const fn dimensions(self) -> usize {
        (self.magic() & 0xff) as usize
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }
}

/// The values of a file, and the length of each dimension.
#[derive(Debug, PartialEq)]
pub struct Idx {
    pub lengths: Vec<usize>,
    pub values: Vec<u8>,
}

impl Idx {
    /// Parses a whole file.
    ///
    /// # Errors
    /// When the file is empty, of another kind, or longer or shorter than its header says.
    pub fn parse(mut bytes: Vec<u8>, kind: Kind) -> Result<Self> {
        check_magic(&bytes, kind)?;
        let header = 4 * (1 + kind.dimensions());
        ensure!(bytes.len() >= header, "ends after {} of the {header} bytes of its header", bytes.len());
        let lengths: Vec<usize> = (1..=kind.dimensions()).map(|i| word(&bytes, i) as usize).collect();
        let size = lengths.iter().try_fold(1usize, |size, length| size.checked_mul(*length));
        let (expected, found) = (size.and_then(|size| size.checked_add(header)), bytes.len());
        if expected != Some(found) {
            let size = expected.map_or_else(|| "too many".into(), |expected| expected.to_string());
            let shape: Vec<String> = lengths.iter().map(usize::to_string).collect();
            let kind = kind.name();
            bail!(
                "its header says {} {kind}, which take {size} bytes, but it has {found}",
                shape.join(" x ")
            );
        }
        bytes.drain(..header);
        Ok(Self { lengths, values: bytes })
    }
}

/// Checks the first four bytes of a file.
///
/// # Errors
/// When there are none, or they are not the magic number of `kind`.
pub fn check_magic(bytes: &[u8], kind: Kind) -> Result<()> {
    ensure!(!bytes.is_empty(), "is empty");
    ensure!(bytes.len() >= 4, "has {} bytes, too few for a magic number", bytes.len());
    let (found, expected) = (word(bytes, 0), kind.magic());
    let others = [Kind::Images, Kind::Labels].into_iter().find(|kind| kind.magic() == found);
    let what = others.map_or("no IDX file of bytes".to_owned(), |other| format!("one of {}", other.name()));
    ensure!(
        found == expected,
        "has the magic number {found}, not {expected} ({}): it is {what}",
        kind.name()
    );
    Ok(())
}

fn word(bytes: &[u8], index: usize) -> u32 {
    let bytes = &bytes[4 * index..];
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
