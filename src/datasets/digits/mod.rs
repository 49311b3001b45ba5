//! Handwritten digits, read from the files in which MNIST is spread.

pub mod idx;
pub mod layout;

use std::path::Path;

use anyhow::{Context, Result, ensure};

use self::idx::{Idx, Kind};
use super::IMAGE_SIZE;
use super::pictures::Split;

/// Grey images of 28 x 28 pixels, 0 (paper) to 255 (ink), and the digit that each shows.
pub struct Digits {
    images: Vec<u8>,
    labels: Vec<u8>,
}

impl Digits {
    /// The digits of one split, any number of them: training reads `train-*`, validation reads `t10k-*`.
    ///
    /// # Errors
    /// When a file is missing, damaged or holds something else; it is named, with what to do.
    pub fn load(folder: &Path, split: Split) -> Result<Self> {
        let [images, labels] = [Kind::Images, Kind::Labels].map(|kind| layout::name(split, kind));
        let digits = Self {
            images: read(folder, images, Kind::Images, images_of_digits)?,
            labels: read(folder, labels, Kind::Labels, labels_of_digits)?,
        };
        let count = digits.images.len() / (IMAGE_SIZE * IMAGE_SIZE);
        let (folder_name, hint) = (folder.display(), layout::hint(folder));
        ensure!(
            count == digits.len(),
            "{folder_name}: {count} images in {images} but {} labels in {labels}: they are not of one set; {hint}",
            digits.len()
        );
        Ok(digits)
    }

    /// How many digits there are, N; at least one.
    #[expect(clippy::len_without_is_empty, reason = "a set without digits is refused")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Grey values `[N, 28, 28]`, row by row.
    pub fn images(&self) -> &[u8] {
        &self.images
    }

    /// From 0 to 9, `[N]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }
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

fn images_of_digits(idx: &Idx) -> Result<()> {
    ensure!(idx.lengths[0] > 0, "holds no images");
    let (height, width) = (idx.lengths[1], idx.lengths[2]);
    ensure!(
        [height, width] == [IMAGE_SIZE; 2],
        "its images are {height} x {width} pixels, not {IMAGE_SIZE} x {IMAGE_SIZE}"
    );
    Ok(())
}

fn labels_of_digits(idx: &Idx) -> Result<()> {
    let wrong = idx.values.iter().position(|label| *label > 9);
    wrong.map_or(Ok(()), |at| anyhow::bail!("label {at} is {}, not 0 to 9", idx.values[at]))
}

#[cfg(test)]
#[path = "../../../tests/it/common/idx.rs"]
mod generated;
#[cfg(test)]
mod tests;
