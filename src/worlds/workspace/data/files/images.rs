//! Files of images.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rayon::prelude::*;
use umwelt_base::UserError;

use crate::datasets::npy::NpyFile;
use crate::datasets::read_rgb;
use crate::worlds::workspace::data::{IMAGE_SIDE, Image, Split};

/// The images of a split in a folder.
pub enum ImageFiles {
    /// One array `[N, 32, 32, 3]` of RGB bytes.
    Array(NpyFile<u8>),
    /// A folder with a PNG file for each row.
    Pictures(PathBuf),
}

/// The file of a split in our layout.
pub fn array_path(folder: &Path, split: Split) -> PathBuf {
    folder.join(format!("{}_images.npy", split.name()))
}

/// The folder of a split in the published layout.
pub fn pictures_path(folder: &Path, split: Split) -> PathBuf {
    folder.join(split.name())
}

/// The file of an image in the published layout.
pub fn picture_path(pictures: &Path, row: usize) -> PathBuf {
    pictures.join(format!("{row}.png"))
}

impl ImageFiles {
    /// The images of a split in a folder of either layout.
    ///
    /// # Errors
    /// A [`UserError`] that says what to do: the folder holds no images of the split, or less than
    /// `count`, or of another size.
    pub fn open(folder: &Path, split: Split, count: usize) -> Result<Self> {
        let (array, pictures) = (array_path(folder, split), pictures_path(folder, split));
        if array.is_file() {
            return Self::open_array(&array, count);
        }
        let last = picture_path(&pictures, count - 1);
        match pictures.is_dir() {
            true if last.is_file() => Ok(Self::Pictures(pictures)),
            true => refuse(&format!("there is no {}", last.display())),
            false => {
                let (array, pictures) = (array.display(), pictures.display());
                refuse(&format!("there is neither {array} nor a folder {pictures} with images"))
            }
        }
    }

    fn open_array(path: &Path, count: usize) -> Result<Self> {
        let file = NpyFile::open(path)?;
        match file.shape() {
            [rows, IMAGE_SIDE, IMAGE_SIDE, 3] if *rows >= count => Ok(Self::Array(file)),
            shape => {
                let needed = format!("where at least {count} images [N, 32, 32, 3] are needed");
                refuse(&format!("{}: has the shape {shape:?} {needed}", path.display()))
            }
        }
    }

    /// Reads the images of the rows `rows` into `images`, one for each.
    ///
    /// # Errors
    /// A file is missing, cannot be read, or is no image of 32 x 32 pixels.
    ///
    /// # Panics
    /// If a row is negative, or the array has fewer rows.
    pub fn read(&self, rows: &[i64], images: &mut [Image]) -> Result<()> {
        let row = |row: &i64| usize::try_from(*row).expect("rows are not negative");
        images.par_iter_mut().zip(rows).try_for_each(|(image, at)| self.read_one(row(at), image))
    }

    fn read_one(&self, row: usize, image: &mut Image) -> Result<()> {
        match self {
            Self::Array(file) => file.read_rows(row..row + 1, image),
            Self::Pictures(folder) => {
                let path = picture_path(folder, row);
                let rgb = read_rgb(&path).with_context(|| path.display().to_string())?;
                if rgb.dim() != (IMAGE_SIDE, IMAGE_SIDE, 3) {
                    let (path, (height, width, _)) = (path.display(), rgb.dim());
                    return Err(
                        UserError(format!("{path}: has {width} x {height} pixels, not 32 x 32")).into()
                    );
                }
                image.iter_mut().zip(rgb).for_each(|(ours, read)| *ours = read);
                Ok(())
            }
        }
    }
}

fn refuse<T>(reason: &str) -> Result<T> {
    let remedy = "write it anew with `umwelt data shapes`, or set shapes.images=render";
    Err(UserError(format!("{reason}; {remedy}")).into())
}
