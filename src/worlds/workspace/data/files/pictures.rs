//! PNG files of images.

use std::fs;

use anyhow::{Context, Result, ensure};
use png::{BitDepth, ColorType, Compression, Encoder};
use rayon::prelude::*;

use super::chunks::Chunks;
use super::images::picture_path;
use crate::worlds::workspace::data::{IMAGE_BYTES, IMAGE_SIDE, Image, Shape, render};

/// Writes a folder with a PNG file for each shape. It gets its name when all files are in it.
///
/// # Errors
/// A file cannot be written.
pub fn write(shapes: &[Shape], chunks: &Chunks) -> Result<()> {
    let folder = chunks.path;
    let name = folder.file_name().context("a folder of pictures has a name")?;
    let unfinished = folder.with_file_name(format!(".writing-{}", name.to_string_lossy()));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir(&unfinished)?;
    let one = |row: usize| fs::write(picture_path(&unfinished, row), encoded(&shapes[row])?);
    chunks.for_each(|rows| rows.into_par_iter().try_for_each(one))?;
    Ok(fs::rename(&unfinished, folder)?)
}

/// Compares a folder with the images of the shapes.
///
/// # Errors
/// A file is missing or damaged, or differs.
pub fn verify(shapes: &[Shape], chunks: &Chunks) -> Result<()> {
    let files = super::ImageFiles::Pictures(chunks.path.to_owned());
    chunks.for_each(|rows| {
        rows.into_par_iter().try_for_each(|row| {
            let (mut found, mut expected) = (vec![[0; IMAGE_BYTES]], [0; IMAGE_BYTES]);
            files.read(&[row as i64], &mut found)?;
            render(&shapes[row], &mut expected);
            ensure!(
                found[0] == expected,
                "{}: differs from its label",
                picture_path(chunks.path, row).display()
            );
            Ok(())
        })
    })
}

/// The PNG file, RGBA, of the image of a shape.
fn encoded(shape: &Shape) -> std::io::Result<Vec<u8>> {
    let mut image: Image = [0; IMAGE_BYTES];
    render(shape, &mut image);
    let pixels: Vec<u8> =
        image.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, u8::MAX]).collect();
    let mut bytes = vec![];
    let mut encoder = Encoder::new(&mut bytes, IMAGE_SIDE as u32, IMAGE_SIDE as u32);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}
