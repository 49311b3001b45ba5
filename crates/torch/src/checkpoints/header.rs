//! The head of a checkpoint file: length and JSON of the safetensors header, and our entry in it.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result, ensure};
use safetensors::tensor::{Metadata, TensorInfo};

/// The metadata key; its value is the step and the checksum: `24 crc32c:0a1b2c3d`.
pub const FORMAT: &str = "umwelt-checkpoint-2";
/// The metadata key of checkpoints without a checksum, whose value is the step alone.
pub const FORMAT_1: &str = "umwelt-checkpoint-1";

/// The most bytes of JSON that safetensors reads.
const MAX_LENGTH: u64 = 100_000_000;
/// Bytes of the length in front of the JSON.
const LENGTH_BYTES: u64 = 8;

/// The head of a file: its length and its JSON, padded to a multiple of 8 bytes.
///
/// `tensors` are in the order of the file. There is one `entry` (key and value): several would be
/// written in an order that changes from run to run.
pub fn encode(entry: (String, String), tensors: Vec<(String, TensorInfo)>) -> Result<Vec<u8>> {
    let metadata = HashMap::from([entry]);
    let mut json = serde_json::to_vec(&Metadata::new(Some(metadata), tensors)?)?;
    json.resize(json.len().next_multiple_of(LENGTH_BYTES as usize), b' ');
    let length = json.len() as u64;
    ensure!(length <= MAX_LENGTH, "the names of its tensors take {length} bytes, more than {MAX_LENGTH}");
    Ok([length.to_le_bytes().as_slice(), &json].concat())
}

/// The entry of a checkpoint.
pub fn entry(step: u64, checksum: &str) -> (String, String) {
    (FORMAT.to_owned(), format!("{step} crc32c:{checksum}"))
}

/// The header of a file, and the place of the first tensor's bytes.
///
/// # Errors
/// When it cannot be read, or the file is shorter or longer than it says.
pub fn read(file: &mut File) -> Result<(Metadata, u64)> {
    let total = file.metadata()?.len();
    let mut length = [0; LENGTH_BYTES as usize];
    file.read_exact(&mut length)?;
    let (length, rest) = (u64::from_le_bytes(length), total - LENGTH_BYTES);
    ensure!(length <= rest.min(MAX_LENGTH), "its header has {length} bytes, of {rest} after its length");
    let mut json = vec![0; length as usize];
    file.read_exact(&mut json)?;
    let metadata: Metadata = serde_json::from_slice(&json)?;
    let (expected, found) = (metadata.data_len() as u64, rest - length);
    ensure!(expected == found, "its tensors have {found} bytes, not {expected}");
    Ok((metadata, LENGTH_BYTES + length))
}

/// The step and the checksum that a header states; `None` for a file that is no checkpoint of ours.
///
/// # Errors
/// When our entry cannot be read.
pub fn identity(metadata: &Metadata) -> Result<Option<(u64, Option<String>)>> {
    let value = |key| metadata.metadata().as_ref().and_then(|all| all.get(key));
    if let Some(value) = value(FORMAT) {
        let (step, checksum) = value.split_once(" crc32c:").context("its metadata")?;
        return Ok(Some((step.parse()?, Some(checksum.to_owned()))));
    }
    value(FORMAT_1).map(|step| Ok((step.parse()?, None))).transpose()
}
