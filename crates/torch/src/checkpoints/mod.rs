//! Checkpoints: safetensors files that hold everything that training needs to continue.
//!
//! Files are written and read as streams: besides the checkpoint's own tensors, memory holds the
//! bytes of one tensor at a time.

mod checksum;
mod encoding;
mod header;
mod read;
mod tensor_file;
mod write;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use tch::Tensor;

use self::header::FORMAT;
use self::read::Reader;
use self::write::Content;
use crate::nn::not_finite;
use umwelt_base::atomic;

pub use tensor_file::{TensorFile, write_tensors};

/// The state of a run after `step` training steps: tensors by name.
///
/// Tensors are of the kinds f32, f64, f16, bf16, i64, i32, i16, i8, u8 or bool.
pub struct Checkpoint {
    pub step: u64,
    pub tensors: Vec<(String, Tensor)>,
}

impl Checkpoint {
    /// Writes the checkpoint atomically.
    ///
    /// # Errors
    /// When it cannot be written, or a tensor is of another kind or not finite; the error names the
    /// tensor that is not finite. The old file at `path` stays then.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.check_finite().with_context(|| format!("{} is not written", path.display()))?;
        let content = Content::new(self.step, &self.tensors)?;
        atomic::replace_with(path, |file| {
            let mut file = BufWriter::new(file);
            content.write(&mut file)?;
            Ok(file.flush()?)
        })
        .map_err(|error: anyhow::Error| error.context(atomic::failure(path)))
    }

    /// Reads a checkpoint onto the CPU.
    ///
    /// # Errors
    /// When the file is missing, damaged (cut short, of another checksum, not finite) or no
    /// checkpoint of ours; the error says which.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_where(path, |_| true)
    }

    /// Reads the tensors whose names start with `prefix` and a dot onto the CPU; they keep their
    /// whole names.
    ///
    /// The checksum of the whole file is verified, so the other tensors are read too, in small
    /// pieces; only the tensors that are kept are checked to be finite. A file of the first format
    /// has no checksum: its other tensors are not read at all.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_part(path: &Path, prefix: &str) -> Result<Self> {
        Self::load_where(path, |name| within(prefix, name).is_some())
    }

    fn load_where(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self> {
        let mut file =
            File::open(path).with_context(|| format!("could not read checkpoint {}", path.display()))?;
        let damaged = || format!("checkpoint {} is cut short or damaged", path.display());
        let (metadata, start) = header::read(&mut file).with_context(damaged)?;
        let Some((step, checksum)) = header::identity(&metadata).with_context(damaged)? else {
            bail!("{} is a safetensors file, but no checkpoint of umwelt ({FORMAT})", path.display())
        };
        let reader = Reader { file, start, step, checksum };
        let checkpoint = Self { step, tensors: reader.tensors(&metadata, wanted).with_context(damaged)? };
        checkpoint.check_finite().with_context(damaged)?;
        Ok(checkpoint)
    }

    fn check_finite(&self) -> Result<()> {
        match not_finite(&self.tensors) {
            Some((name, what)) => bail!("tensor `{name}` is {what} at step {}", self.step),
            None => Ok(()),
        }
    }

    /// The tensors whose names start with `prefix` and a dot, named without these.
    pub fn part(&self, prefix: &str) -> HashMap<String, Tensor> {
        let inside = |(name, tensor): &(String, Tensor)| {
            Some((within(prefix, name)?.to_owned(), tensor.shallow_clone()))
        };
        self.tensors.iter().filter_map(inside).collect()
    }
}

/// The rest of a name that starts with `prefix` and a dot.
fn within<'a>(prefix: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(prefix)?.strip_prefix('.')
}

#[cfg(test)]
mod tests;
