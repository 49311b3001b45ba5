//! The `.wandb` file: records in 32 KiB blocks, framed as LevelDB frames its log, with a plain
//! CRC-32.

mod reader;
mod writer;

pub(crate) use reader::read;
pub(crate) use writer::LogWriter;

/// The header of every file: `:W&B`, 0xBEE1 (little endian) and version 0.
const FILE_HEADER: [u8; 7] = *b":W&B\xE1\xBE\x00";
const BLOCK: usize = 32 * 1024;
/// The size of a chunk header: checksum (4 bytes), length (2) and type (1).
const CHUNK_HEADER: usize = 7;

const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

fn checksum(chunk_type: u8, payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&[chunk_type]);
    sum.update(payload);
    sum.finalize()
}
