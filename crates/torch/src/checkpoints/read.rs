//! Reading a checkpoint as a stream.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use anyhow::{Result, ensure};
use safetensors::tensor::{Metadata, TensorInfo};
use tch::Tensor;

use super::checksum::Checksum;
use super::encoding;

/// Bytes that are read at once of a tensor that is not wanted.
const PIECE: usize = 1 << 16;

/// Named tensors of a file.
pub type Named = Vec<(String, Tensor)>;

/// The tensors of a checkpoint file, one after the other in the order of their names.
pub struct Reader {
    pub file: File,
    /// The place of the first tensor's bytes.
    pub start: u64,
    pub step: u64,
    /// The checksum that the file states.
    pub checksum: Option<String>,
}

impl Reader {
    /// The tensors that are `wanted` by name. It holds the bytes of one tensor at a time besides
    /// them.
    ///
    /// The others are read for the checksum and dropped; in a file without a checksum they are
    /// skipped.
    ///
    /// # Errors
    /// When the file cannot be read, has another checksum than it states, or a wanted tensor is of
    /// a type that libtorch lacks.
    pub fn tensors(mut self, metadata: &Metadata, wanted: impl Fn(&str) -> bool) -> Result<Named> {
        let (mut checksum, mut tensors) = (Checksum::new(self.step), vec![]);
        for (name, info) in metadata.tensors().into_iter().collect::<BTreeMap<_, _>>() {
            checksum.begin(&name, info);
            if wanted(&name) {
                let bytes = self.bytes(info)?;
                checksum.add(&bytes);
                tensors.push((name, encoding::tensor(info, &bytes)?));
            } else if self.checksum.is_some() {
                self.pass(info, &mut checksum)?;
            }
        }
        let found = checksum.digits();
        let expected = self.checksum.as_ref().unwrap_or(&found);
        ensure!(*expected == found, "its checksum is {found}, not {expected}");
        Ok(tensors)
    }

    fn bytes(&mut self, info: &TensorInfo) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.seek(info)?];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a tensor's bytes in pieces, for the checksum alone.
    fn pass(&mut self, info: &TensorInfo, checksum: &mut Checksum) -> Result<()> {
        let mut left = self.seek(info)?;
        let mut piece = vec![0; left.min(PIECE)];
        while left > 0 {
            let piece = &mut piece[..left.min(PIECE)];
            self.file.read_exact(piece)?;
            checksum.add(piece);
            left -= piece.len();
        }
        Ok(())
    }

    /// Goes to a tensor's first byte; the number of its bytes.
    fn seek(&mut self, info: &TensorInfo) -> Result<usize> {
        let (from, to) = info.data_offsets;
        self.file.seek(SeekFrom::Start(self.start + from as u64))?;
        Ok(to - from)
    }
}
