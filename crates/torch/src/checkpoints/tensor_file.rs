//! Safetensors files of others: tensors are read by name, one at a time.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use safetensors::tensor::Metadata;
use tch::Tensor;

use super::write::Content;
use super::{encoding, header};
use umwelt_base::atomic;

/// A safetensors file with its header; the numbers stay in the file until they are asked for.
pub struct TensorFile {
    path: PathBuf,
    file: File,
    /// The place of the first tensor's bytes.
    start: u64,
    metadata: Metadata,
}

impl TensorFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// When the file cannot be read, or its length differs from what its header says.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path).with_context(|| format!("could not read {}", path.display()))?;
        let (metadata, start) = header::read(&mut file)
            .with_context(|| format!("{} is no whole safetensors file", path.display()))?;
        Ok(Self { path: path.into(), file, start, metadata })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name and the shape of every tensor, in the order of the file.
    pub fn shapes(&self) -> Vec<(String, Vec<i64>)> {
        let shape = |name: &String| {
            let info = self.metadata.info(name).expect("the header names it");
            info.shape.iter().map(|n| *n as i64).collect()
        };
        self.metadata.offset_keys().into_iter().map(|name| (name.clone(), shape(&name))).collect()
    }

    /// The value of an entry of the metadata.
    pub fn entry(&self, key: &str) -> Option<&str> {
        self.metadata.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// Reads one tensor onto the CPU.
    ///
    /// # Errors
    /// When the file has no such tensor, cannot be read, or libtorch lacks the tensor's type.
    pub fn read(&mut self, name: &str) -> Result<Tensor> {
        let path = self.path.display();
        let info = self.metadata.info(name).with_context(|| format!("{path} has no tensor {name}"))?;
        let (from, to) = info.data_offsets;
        let mut bytes = vec![0; to - from];
        self.file.seek(SeekFrom::Start(self.start + from as u64))?;
        self.file.read_exact(&mut bytes).with_context(|| format!("could not read {path}"))?;
        encoding::tensor(info, &bytes).with_context(|| format!("tensor {name} of {path}"))
    }
}

/// Writes a safetensors file with one metadata `entry` (key and value), atomically.
///
/// # Errors
/// When it cannot be written, or a tensor is of a kind that safetensors lacks.
pub fn write_tensors(path: &Path, entry: (&str, &str), tensors: &[(String, Tensor)]) -> Result<()> {
    let content = Content::with_entry((entry.0.to_owned(), entry.1.to_owned()), tensors)?;
    atomic::replace_with(path, |file| {
        let mut file = BufWriter::new(file);
        content.write(&mut file)?;
        Ok(file.flush()?)
    })
    .map_err(|error: anyhow::Error| error.context(format!("could not write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_are_written_and_read_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let tensors = [
            ("b".to_owned(), Tensor::from_slice(&[1f32, 2.0, 3.0]).to_kind(tch::Kind::BFloat16)),
            ("a".to_owned(), Tensor::from_slice(&[7i64, 8]).view([2, 1])),
        ];
        write_tensors(&path, ("format", "pt"), &tensors).unwrap();
        let mut file = TensorFile::open(&path).unwrap();
        assert_eq!(file.entry("format"), Some("pt"));
        assert_eq!(file.shapes(), [("a".to_owned(), vec![2, 1]), ("b".to_owned(), vec![3])]);
        for (name, tensor) in &tensors {
            let read = file.read(name).unwrap();
            assert_eq!((read.kind(), &read), (tensor.kind(), tensor));
        }
        assert!(file.read("c").unwrap_err().to_string().ends_with("has no tensor c"));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let error = TensorFile::open(&path).err().expect("a byte is missing").to_string();
        assert!(error.contains("is no whole safetensors file"), "{error}");
    }
}
