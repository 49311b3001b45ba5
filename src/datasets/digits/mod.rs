//! Handwritten digits, read from the files of MNIST.

pub mod idx;
pub mod layout;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use ndarray::Array3;

use self::idx::{Idx, Kind};
use super::IMAGE_SIZE;
use super::pictures::Split;

/// Grey images of 28 x 28 pixels, from 0 (paper) to 255 (ink), with their labels.
pub struct Digits {
    images: Array3<u8>,
    labels: Vec<u8>,
}

impl Digits {
    /// All digits of one split: training reads `train-*`, validation reads `t10k-*`.
    ///
    /// # Errors
    /// When a file is missing, damaged or of another kind. The error names the file and the command
    /// that fetches it.
    pub fn load(folder: &Path, split: Split) -> Result<Self> {
        Self::load_checked(folder, split, check_labels)
    }

    /// [`Self::load`] for any data set in the format of MNIST: labels may be above 9.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_set(folder: &Path, split: Split) -> Result<Self> {
        Self::load_checked(folder, split, |_| Ok(()))
    }

    fn load_checked(folder: &Path, split: Split, check_labels: fn(&Idx) -> Result<()>) -> Result<Self> {
        let [images, labels] = [Kind::Images, Kind::Labels].map(|kind| layout::name(split, kind));
        let digits = Self {
            images: as_images(read(folder, images, Kind::Images, check_images)?)?,
            labels: read(folder, labels, Kind::Labels, check_labels)?,
        };
        let count = digits.images.dim().0;
        let (folder_name, hint) = (folder.display(), layout::hint(folder));
        ensure!(
            count == digits.len(),
            "{folder_name}: {count} images in {images} but {} labels in {labels}: the files are not of one data set; {hint}",
            digits.len()
        );
        Ok(digits)
    }

    /// The number of digits, N; at least one.
    #[expect(clippy::len_without_is_empty, reason = "a set without digits is refused")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Grey values `[N, 28, 28]`.
    pub fn images(&self) -> &Array3<u8> {
        &self.images
    }

    /// Labels, `[N]`; from 0 to 9 unless the set is another.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }
}

/// Bytes `[N * 784]` -> images `[N, 28, 28]`.
fn as_images(bytes: Vec<u8>) -> Result<Array3<u8>> {
    let count = bytes.len() / (IMAGE_SIZE * IMAGE_SIZE);
    Ok(Array3::from_shape_vec((count, IMAGE_SIZE, IMAGE_SIZE), bytes)?)
}

/// The values of one file, if they pass `check`.
fn read(folder: &Path, name: &str, kind: Kind, check: fn(&Idx) -> Result<()>) -> Result<Vec<u8>> {
    let hint = layout::hint(folder);
    let missing = || format!("{}: no such file, plain or gzipped; {hint}", folder.join(name).display());
    let file = layout::find(folder, name).with_context(missing)?;
    let values = || {
        let idx = Idx::parse(layout::read(&file)?, kind)?;
        check(&idx)?;
        Ok(idx.values)
    };
    values().map_err(|error: anyhow::Error| anyhow::anyhow!("{}: {error:#}; {hint}", file.display()))
}

fn check_images(idx: &Idx) -> Result<()> {
    ensure!(idx.lengths[0] > 0, "holds no images");
    let (height, width) = (idx.lengths[1], idx.lengths[2]);
    ensure!(
        [height, width] == [IMAGE_SIZE; 2],
        "its images are {height} x {width} pixels, not {IMAGE_SIZE} x {IMAGE_SIZE}"
    );
    Ok(())
}

fn check_labels(idx: &Idx) -> Result<()> {
    let wrong = idx.values.iter().position(|label| *label > 9);
    wrong.map_or(Ok(()), |at| anyhow::bail!("label {at} is {}, not 0 to 9", idx.values[at]))
}

#[cfg(test)]
#[path = "../../../tests/it/common/idx.rs"]
mod generated;
#[cfg(test)]
mod tests;
