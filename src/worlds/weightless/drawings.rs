//! Digits that somebody drew: pictures in folders that are named after their labels.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use umwelt_weightless::Digit;
use umwelt_weightless::bits::upload;
use umwelt_weightless::sampling::Chosen;

use super::pictures::DIGITS;
use crate::datasets::read_rgb;
use umwelt_base::UserError;

const EXTENSIONS: [&str; 3] = ["png", "jpg", "jpeg"];

/// The picture in a PNG or JPEG file as MNIST would have made a digit of it.
///
/// # Errors
/// The file is no picture, or shows nothing.
pub fn drawing(file: &Path) -> Result<Digit> {
    let rgb = read_rgb(file)?;
    let (height, width, _) = rgb.dim();
    if height == 0 || width == 0 {
        return Err(UserError(format!("{}: has no pixels", file.display())).into());
    }
    let pixels: Vec<u8> = rgb.iter().copied().collect();
    let grey = pixels.chunks(3).map(|pixel| (pixel.iter().map(|v| u32::from(*v)).sum::<u32>() / 3) as u8);
    upload(&grey.collect::<Vec<u8>>(), width)
        .map_err(|nothing| UserError(format!("{}: {nothing}", file.display())).into())
}

/// The drawings of a folder, `FOLDER/LABEL/NAME.png`, in the order of labels and names.
///
/// # Errors
/// There is no such folder, it holds no drawing, or one of them shows nothing.
pub fn drawings(folder: &Path) -> Result<Chosen> {
    let mut found = Chosen::default();
    for label in 0..DIGITS as u8 {
        for file in pictures(&folder.join(label.to_string()))? {
            found.images.push(drawing(&file)?);
            found.labels.push(label);
        }
    }
    if found.labels.is_empty() {
        let reason = format!(
            "weightless.drawings_path: {} holds no drawing; put pictures into folders that are named after \
             their digit, such as {}",
            folder.display(),
            folder.join("7/mine.png").display()
        );
        return Err(UserError(reason).into());
    }
    Ok(found)
}

/// The pictures in a folder, by name; none where there is no such folder.
fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(vec![]);
    }
    let is_picture = |path: &PathBuf| {
        path.extension().is_some_and(|end| EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known)))
    };
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let entries = entries.with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).filter(is_picture).collect();
    files.sort();
    Ok(files)
}
