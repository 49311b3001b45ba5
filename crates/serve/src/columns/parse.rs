//! Many whole lines into columns, in parallel over chunks that are cut at line ends.

use rayon::prelude::*;

use super::{Columns, line};

/// The least bytes of a chunk, below which another thread costs more than it brings.
const LEAST_CHUNK: usize = 1 << 18;

/// The columns of the lines in `bytes`. A line that is no JSON object is left out, and so is a line
/// without a step.
pub fn parse(bytes: &[u8]) -> Columns {
    let size = (bytes.len() / (4 * rayon::current_num_threads())).max(LEAST_CHUNK);
    let parts: Vec<Columns> = chunks(bytes, size).into_par_iter().map(parse_chunk).collect();
    let mut columns = Columns::default();
    parts.into_iter().for_each(|part| columns.append(part));
    columns
}

/// `bytes` in parts of about `size` bytes that end with a line.
pub(super) fn chunks(mut bytes: &[u8], size: usize) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let from = size.clamp(1, bytes.len()) - 1;
        let end =
            bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| from + at + 1);
        let (chunk, rest) = bytes.split_at(end);
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

fn parse_chunk(chunk: &[u8]) -> Columns {
    let (mut columns, mut numbers) = (Columns::default(), Vec::new());
    for line in chunk.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        // A damaged line leaves no number behind: they are pushed after the whole line was read.
        let _ = line::read(line, &mut columns, &mut numbers);
    }
    columns
}
