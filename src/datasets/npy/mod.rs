//! NumPy's array files (`.npy`), read and written row by row.
//!
//! The format is that of `numpy.lib.format`: versions 1 to 3, little-endian, in C order.

mod element;
mod header;

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ndarray::{Array2, ArrayView2};
use umwelt_base::UserError;

pub use element::Element;
pub use header::header;

/// An open file with an array of `T`. Rows are the entries along its first axis.
pub struct NpyFile<T> {
    file: File,
    path: PathBuf,
    shape: Vec<usize>,
    /// The place of the first row, in bytes.
    start: u64,
    element: std::marker::PhantomData<T>,
}

impl<T: Element> NpyFile<T> {
    /// Opens a file and checks its header against its length. No array is read yet.
    ///
    /// # Errors
    /// A [`UserError`] that names the file and says what to do: there is no such file, it is no
    /// array of `T` in C order, or it is cut off.
    pub fn open(path: &Path) -> Result<Self> {
        Self::checked(path).map_err(|error| UserError(format!("{}: {error:#}", path.display())).into())
    }

    fn checked(path: &Path) -> Result<Self> {
        let file = File::open(path).context("cannot be read")?;
        let (header, start) = header::read(&file)?;
        header.check_type::<T>()?;
        let (expected, found) = (header.bytes::<T>()?.checked_add(start), file.metadata()?.len());
        ensure!(
            expected == Some(found),
            "has {found} bytes where its header says {}; write or copy it anew",
            expected.map_or_else(|| "more than 2^64".to_owned(), |bytes| bytes.to_string())
        );
        let (path, element) = (path.to_owned(), std::marker::PhantomData);
        Ok(Self { file, path, shape: header.shape, start, element })
    }

    /// The extent of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The numbers of a row.
    pub fn row_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// Reads the rows `rows` into `values`, which holds [`Self::row_len`] numbers for each.
    ///
    /// # Errors
    /// The file cannot be read.
    ///
    /// # Panics
    /// If a row does not exist, or `values` has another length.
    pub fn read_rows(&self, rows: Range<usize>, values: &mut [T]) -> Result<()> {
        let width = self.row_len();
        assert!(rows.end <= self.shape[0] && values.len() == rows.len() * width, "rows that do not exist");
        let mut bytes = vec![0; CHUNK.min(values.len()) * T::BYTES];
        let mut at = self.start + (rows.start * width * T::BYTES) as u64;
        for chunk in values.chunks_mut(CHUNK) {
            let bytes = &mut bytes[..chunk.len() * T::BYTES];
            let context = || format!("{}: cannot be read", self.path.display());
            self.file.read_exact_at(bytes, at).with_context(context)?;
            chunk.iter_mut().zip(bytes.chunks_exact(T::BYTES)).for_each(|(v, bytes)| *v = T::from_le(bytes));
            at += bytes.len() as u64;
        }
        Ok(())
    }
}

/// Numbers that are converted at a time.
const CHUNK: usize = 1 << 16;

/// Opens a table `[N, width]` of `T`.
///
/// # Errors
/// See [`NpyFile::open`]; a [`UserError`] if the array has another number of axes.
pub fn open_table<T: Element>(path: &Path) -> Result<NpyFile<T>> {
    let file = NpyFile::open(path)?;
    match file.shape() {
        [_, _] => Ok(file),
        shape => Err(UserError(format!(
            "{}: has the shape {shape:?} where a table [items, numbers] is needed",
            path.display()
        ))
        .into()),
    }
}

/// The first `rows` rows of a table `[N, width]`.
///
/// # Errors
/// The file cannot be read.
///
/// # Panics
/// If the file holds fewer rows or is no table.
pub fn table<T: Element>(file: &NpyFile<T>, rows: usize) -> Result<Array2<T>> {
    let width = file.shape()[1];
    let mut values = vec![T::default(); rows * width];
    file.read_rows(0..rows, &mut values)?;
    Ok(Array2::from_shape_vec((rows, width), values)?)
}

/// Writes the file of a table `[N, width]` to `out`.
///
/// # Errors
/// `out` fails.
pub fn write<T: Element>(out: &mut dyn Write, table: ArrayView2<T>) -> std::io::Result<()> {
    let mut bytes = header(T::DESCR, table.shape());
    table.iter().for_each(|value| value.extend_le(&mut bytes));
    out.write_all(&bytes)
}

#[cfg(test)]
mod tests;
