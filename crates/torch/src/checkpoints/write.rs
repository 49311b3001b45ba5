//! Writing a checkpoint as a stream.

use std::cmp::Reverse;
use std::io::Write;

use anyhow::Result;
use safetensors::tensor::TensorInfo;
use tch::Tensor;

use super::checksum::Checksum;
use super::encoding::{bytes, dtype};
use super::header;

/// A tensor with its name and its place in the file.
struct Entry<'a> {
    name: &'a str,
    tensor: &'a Tensor,
    info: TensorInfo,
}

/// The content of a checkpoint file, planned before any of it is written.
pub struct Content<'a> {
    head: Vec<u8>,
    /// The tensors in the order of the file.
    entries: Vec<Entry<'a>>,
}

impl<'a> Content<'a> {
    /// Plans the file. The checksum takes a pass over the tensors that holds the bytes of one at a
    /// time.
    ///
    /// # Errors
    /// When a tensor is of a kind that safetensors lacks.
    pub fn new(step: u64, tensors: &'a [(String, Tensor)]) -> Result<Self> {
        let entries = place(tensors)?;
        let entry = header::entry(step, &checksum(step, &entries)?);
        Self::placed(entry, entries)
    }

    /// Plans a file with any metadata `entry` (key and value) and without a checksum.
    ///
    /// # Errors
    /// When a tensor is of a kind that safetensors lacks.
    pub fn with_entry(entry: (String, String), tensors: &'a [(String, Tensor)]) -> Result<Self> {
        Self::placed(entry, place(tensors)?)
    }

    fn placed(entry: (String, String), entries: Vec<Entry<'a>>) -> Result<Self> {
        let infos = entries.iter().map(|entry| (entry.name.to_owned(), entry.info.clone())).collect();
        Ok(Self { head: header::encode(entry, infos)?, entries })
    }

    /// Writes the file, holding the bytes of one tensor at a time.
    pub fn write(&self, file: &mut impl Write) -> Result<()> {
        file.write_all(&self.head)?;
        self.entries.iter().try_for_each(|entry| Ok(file.write_all(&bytes(entry.tensor)?)?))
    }
}

/// Orders tensors as safetensors does, by type from the widest alignment down and then by name, and
/// places one behind the other.
fn place(tensors: &[(String, Tensor)]) -> Result<Vec<Entry<'_>>> {
    let typed = tensors.iter().map(|(name, tensor)| Ok((dtype(tensor)?, name.as_str(), tensor)));
    let mut typed: Vec<_> = typed.collect::<Result<_>>()?;
    typed.sort_by_key(|(dtype, name, _)| (Reverse(*dtype), *name));
    let (mut entries, mut end) = (vec![], 0);
    for (dtype, name, tensor) in typed {
        let start = end;
        end += tensor.numel() * tensor.kind().elt_size_in_bytes();
        let shape = tensor.size().iter().map(|n| *n as usize).collect();
        entries.push(Entry { name, tensor, info: TensorInfo { dtype, shape, data_offsets: (start, end) } });
    }
    Ok(entries)
}

fn checksum(step: u64, entries: &[Entry]) -> Result<String> {
    let mut by_name: Vec<&Entry> = entries.iter().collect();
    by_name.sort_by_key(|entry| entry.name);
    let mut checksum = Checksum::new(step);
    for entry in by_name {
        checksum.begin(entry.name, &entry.info);
        checksum.add(&bytes(entry.tensor)?);
    }
    Ok(checksum.digits())
}
