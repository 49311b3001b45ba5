//! Random crops of the pictures in a folder and the folders below it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ndarray::Array2;
use rayon::prelude::*;

use super::decode;
use super::{CHOICES, Grey, SIDE, Split, crop};
use umwelt_base::random::{Rng, Stream};

/// The smallest number of crops; each picture gives the same number.
const fn crops(split: Split) -> usize {
    match split {
        Split::Training => 50_000,
        Split::Validation => 10_000,
    }
}

/// Random crops of nine tenths of the pictures for training, and of the others for validation. The
/// split and the crops depend on the names of the files only.
///
/// # Errors
/// When there are fewer than two pictures, or one is damaged or too small.
pub fn read(folder: &Path, split: Split) -> Result<Vec<Grey>> {
    let files = part(files(folder)?, split);
    ensure!(
        !files.is_empty(),
        "{} holds neither CIFAR-10 nor two pictures or more (.png, .jpg or .jpeg, here or in folders below); {CHOICES}",
        folder.display()
    );
    let each = crops(split).div_ceil(files.len());
    let cut = |PictureFile { name, path: file }: &PictureFile| {
        let picture = decode::read(file).with_context(|| format!("{}", file.display()))?;
        let (height, width) = picture.dim();
        ensure!(
            width >= SIDE && height >= SIDE,
            "{}: {width} x {height} pixels are too few for a crop of {SIDE} x {SIDE}; remove the picture",
            file.display()
        );
        let stream = Stream::new(0, name);
        Ok((1..=each as u64).map(|i| random_crop(&picture, &mut stream.at(&[i]))).collect())
    };
    let greys: Vec<Vec<Grey>> = files.par_iter().map(cut).collect::<Result<_>>()?;
    Ok(greys.concat())
}

/// A picture below a folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct PictureFile {
    /// The path from the folder, with `/` between its parts. It seeds the crops.
    name: String,
    path: PathBuf,
}

fn files(folder: &Path) -> Result<Vec<PictureFile>> {
    let mut files = Vec::new();
    let mut folders = vec![(String::new(), folder.to_owned())];
    while let Some((inner, path)) = folders.pop() {
        let context = || format!("{}: cannot be read", path.display());
        for entry in fs::read_dir(&path).with_context(context)? {
            let entry = entry.with_context(context)?;
            let name = format!("{inner}{}", entry.file_name().to_string_lossy());
            // Links to folders are not followed: they may form a cycle.
            if entry.file_type().with_context(context)?.is_dir() {
                folders.push((name + "/", entry.path()));
            } else if is_picture(&entry.path()) {
                files.push(PictureFile { name, path: entry.path() });
            }
        }
    }
    Ok(files)
}

fn is_picture(file: &Path) -> bool {
    let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    !hidden && ending.is_some_and(|ending| ["png", "jpg", "jpeg"].contains(&ending.as_str()))
}

/// The files of a split. A tenth of them, at least one, is for validation: those with the smallest
/// hashes.
fn part(mut files: Vec<PictureFile>, split: Split) -> Vec<PictureFile> {
    if files.len() < 2 {
        return vec![];
    }
    files.sort_by_cached_key(|file| (Stream::new(0, &file.name).at(&[]).bits(), file.clone()));
    let training = files.split_off(files.len().div_ceil(10));
    if split == Split::Training { training } else { files }
}

fn random_crop(picture: &Array2<u16>, rng: &mut Rng) -> Grey {
    let mut corner = |length: usize| rng.between(0.0, (length - SIDE + 1) as f64) as usize;
    let (height, width) = picture.dim();
    let (left, top) = (corner(width), corner(height));
    crop(picture.view(), top, left)
}

#[cfg(test)]
mod tests;
