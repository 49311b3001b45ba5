use prost::Message;

use super::{BLOCK, CHUNK_HEADER, FILE_HEADER, FIRST, FULL, LAST, MIDDLE, checksum};
use crate::messages::{Kind, Record};

/// The records of a log up to its end or to the first torn or damaged chunk. Records of unknown
/// kinds are left out.
pub(crate) fn read(bytes: &[u8]) -> Vec<Kind> {
    Records { rest: bytes.strip_prefix(&FILE_HEADER).unwrap_or_default(), offset: FILE_HEADER.len() }
        .filter_map(|record| Record::decode(&record[..]).ok()?.kind)
        .collect()
}

struct Records<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Records<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        self.offset += count;
        Some(taken)
    }

    fn chunk(&mut self) -> Option<(u8, &'a [u8])> {
        let left = BLOCK - self.offset % BLOCK;
        if left < CHUNK_HEADER {
            self.take(left)?;
        }
        let header = self.take(CHUNK_HEADER)?;
        let sum = u32::from_le_bytes(header[..4].try_into().expect("four bytes"));
        let length = u16::from_le_bytes([header[4], header[5]]);
        let payload = self.take(length.into())?;
        (checksum(header[6], payload) == sum).then_some((header[6], payload))
    }
}

impl Iterator for Records<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut begun: Option<Vec<u8>> = None;
        loop {
            let (chunk_type, payload) = self.chunk()?;
            match (chunk_type, &mut begun) {
                (FULL, None) => return Some(payload.to_vec()),
                (FIRST, None) => begun = Some(payload.to_vec()),
                (MIDDLE, Some(record)) => record.extend(payload),
                (LAST, Some(record)) => {
                    record.extend(payload);
                    return begun;
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogWriter;
    use crate::messages::Output;

    fn lines(lengths: impl IntoIterator<Item = usize>) -> Vec<Kind> {
        let line = |length| Output { kind: 1, timestamp: None, line: "ab".repeat(length) };
        lengths.into_iter().map(|length| Kind::Output(line(length))).collect()
    }

    fn written(kinds: &[Kind]) -> Vec<u8> {
        let mut bytes = vec![];
        let mut log = LogWriter::new(&mut bytes).unwrap();
        kinds.iter().for_each(|kind| log.append(kind.clone()).unwrap());
        bytes
    }

    #[test]
    fn records_of_every_length_around_the_block_border_come_back() {
        let kinds = lines((16_360..16_400).chain([0, 50_000, 1]));
        assert_eq!(read(&written(&kinds)), kinds);
    }

    #[test]
    fn a_torn_file_reads_up_to_its_last_whole_record() {
        let kinds = lines([3, 40_000, 5]);
        let bytes = written(&kinds);
        assert_eq!(read(&bytes[..bytes.len() - 1]), kinds[..2]);
        assert_eq!(read(&bytes[..70_000]), kinds[..1]);
        assert_eq!(read(&bytes[..5]), []);
    }

    #[test]
    fn a_damaged_record_ends_the_reading() {
        let kinds = lines([3, 4, 5]);
        let mut bytes = written(&kinds);
        let end = bytes.len();
        bytes[end - 12] ^= 1;
        assert_eq!(read(&bytes), kinds[..2]);
    }
}
