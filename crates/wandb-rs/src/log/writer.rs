use std::io::{self, Write};

use prost::Message;

use super::{BLOCK, CHUNK_HEADER, FILE_HEADER, FIRST, FULL, LAST, MIDDLE, checksum};
use crate::messages::{Kind, Record};

/// Appends records, each with a single write, so that a killed process leaves complete records.
pub(crate) struct LogWriter<W> {
    file: W,
    /// The number of bytes written so far. Blocks are counted from the file's first byte.
    offset: usize,
    records: i64,
}

impl<W: Write> LogWriter<W> {
    pub fn new(mut file: W) -> io::Result<Self> {
        file.write_all(&FILE_HEADER)?;
        Ok(Self { file, offset: FILE_HEADER.len(), records: 0 })
    }

    /// The length of the log up to its last complete record, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset as u64
    }

    pub fn append(&mut self, kind: Kind) -> io::Result<()> {
        self.records += 1;
        let record = Record { num: self.records, kind: Some(kind) }.encode_to_vec();
        let chunks = self.chunks(&record);
        self.file.write_all(&chunks)?;
        self.file.flush()?;
        self.offset += chunks.len();
        Ok(())
    }

    fn chunks(&self, record: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(record.len() + 2 * CHUNK_HEADER);
        let (mut rest, mut begun) = (record, false);
        loop {
            let mut left = BLOCK - (self.offset + out.len()) % BLOCK;
            if left < CHUNK_HEADER {
                out.resize(out.len() + left, 0);
                left = BLOCK;
            }
            let (payload, later) = rest.split_at(rest.len().min(left - CHUNK_HEADER));
            push_chunk(&mut out, chunk_type(begun, later.is_empty()), payload);
            if later.is_empty() {
                return out;
            }
            (rest, begun) = (later, true);
        }
    }
}

fn chunk_type(begun: bool, ends: bool) -> u8 {
    match (begun, ends) {
        (false, true) => FULL,
        (false, false) => FIRST,
        (true, false) => MIDDLE,
        (true, true) => LAST,
    }
}

fn push_chunk(out: &mut Vec<u8>, chunk_type: u8, payload: &[u8]) {
    out.extend(checksum(chunk_type, payload).to_le_bytes());
    out.extend((payload.len() as u16).to_le_bytes());
    out.push(chunk_type);
    out.extend(payload);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Output;

    fn line(length: usize) -> Kind {
        Kind::Output(Output { kind: 1, timestamp: None, line: "x".repeat(length) })
    }

    #[test]
    fn a_small_record_is_one_full_chunk_behind_the_file_header() {
        let mut bytes = vec![];
        LogWriter::new(&mut bytes).unwrap().append(line(1)).unwrap();
        // num=1, then output (field 13) with type 1 and line "x"; the checksum was computed with
        // Python's zlib.
        let record = [0x08, 1, 0x6a, 5, 0x08, 1, 0x1a, 1, b'x'];
        let mut expected = b":W&B\xE1\xBE\x00".to_vec();
        expected.extend(0xda89_e19b_u32.to_le_bytes());
        expected.extend([9, 0, 1]);
        expected.extend(record);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn fewer_than_seven_bytes_at_a_block_end_are_zeros() {
        // 7 bytes of file header, 7 of chunk header and 2 + 2 + 2 + 1 + 3 of keys and lengths.
        let fills = |left: usize| {
            let mut bytes = vec![];
            let mut log = LogWriter::new(&mut bytes).unwrap();
            log.append(line(BLOCK - left - 7 - 7 - 12)).unwrap();
            log.append(line(1)).unwrap();
            bytes
        };
        let bytes = fills(6);
        assert_eq!(bytes[BLOCK - 6..BLOCK], [0; 6]);
        assert_eq!(bytes[BLOCK + 6], FULL);
        let bytes = fills(7);
        assert_eq!((bytes[BLOCK - 3], bytes[BLOCK - 2], bytes[BLOCK - 1]), (0, 0, FIRST));
        assert_eq!(bytes[BLOCK + 6], LAST);
    }

    #[test]
    fn a_long_record_goes_through_the_middle_of_blocks() {
        let mut bytes = vec![];
        LogWriter::new(&mut bytes).unwrap().append(line(70_000)).unwrap();
        assert_eq!([bytes[7 + 6], bytes[BLOCK + 6], bytes[2 * BLOCK + 6]], [FIRST, MIDDLE, LAST]);
    }
}
