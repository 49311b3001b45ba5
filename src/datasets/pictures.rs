//! Grey pictures: CIFAR-10, a folder of PNG and JPEG files, or generated ones.

mod cifar;
mod dead_leaves;
mod decode;
mod folder;

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};
use ndarray::{ArrayView2, s};
use rayon::prelude::*;

pub use decode::read_rgb;

use super::{IMAGE_SIZE, Image, PIXELS};
use umwelt_base::random::Rng;

/// The word that names generated pictures in place of a folder.
const DEAD_LEAVES: &str = "dead_leaves";

const CHOICES: &str = "give a folder with CIFAR-10 in its binary version (data_batch_1.bin to data_batch_5.bin and \
                       test_batch.bin), a folder of PNG or JPEG pictures, or the word dead_leaves for generated ones";

/// The side of a picture in pixels; its upper left 28 x 28 are used.
const SIDE: usize = 32;
/// The value of white in a [`Grey`] picture: a multiple of 255, so that grey values of 8 bits stay
/// exact.
const WHITE: u16 = u16::MAX;

/// Grey values from 0 to [`WHITE`], row by row.
type Grey = [u16; PIXELS];

/// A part of a data set. The parts have no picture in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Training,
    Validation,
}

/// A collection of grey pictures of 28 x 28 pixels.
#[derive(PartialEq)]
pub struct Pictures {
    greys: Vec<Grey>,
    moments: (f64, f64),
}

impl Pictures {
    /// The collection at `path`: `dead_leaves`, or a folder of CIFAR-10 or of pictures.
    ///
    /// # Errors
    /// When there is no such folder or it holds no pictures (the error lists the choices), or when
    /// a file in it cannot be used.
    pub fn named(path: &str, split: Split) -> Result<Self> {
        if path == DEAD_LEAVES {
            return Ok(Self::new(dead_leaves::collection(split)));
        }
        let folder = Path::new(path);
        if !folder.is_dir() {
            bail!("there is no folder {path}; {CHOICES}");
        }
        let greys = match cifar::within(folder) {
            Some(folder) => cifar::read(&folder, split)?,
            None => folder::read(folder, split)?,
        };
        Ok(Self::new(greys))
    }

    fn new(greys: Vec<Grey>) -> Self {
        let sums = |grey: &Grey| {
            let value = |&pixel: &u16| f64::from(pixel) / f64::from(WHITE);
            grey.iter().map(value).fold([0.0, 0.0], |[sum, square], v| [sum + v, square + v * v])
        };
        // A parallel sum would depend on the number of threads.
        let each: Vec<[f64; 2]> = greys.par_iter().map(sums).collect();
        let pixels = (greys.len() * PIXELS) as f64;
        let [mean, square] = [0, 1].map(|i| each.iter().map(|sums| sums[i]).sum::<f64>() / pixels);
        Self { greys, moments: (mean, square - mean * mean) }
    }

    /// Mean and variance of all pixels of the collection, in grey values from 0 to 1.
    pub fn moments(&self) -> (f64, f64) {
        self.moments
    }

    /// Draws a picture and adds it, multiplied by `gain`, to an image.
    pub fn add_to(&self, image: &mut Image, rng: &mut Rng, gain: f32) {
        let drawn = u128::from(rng.bits()) * self.greys.len() as u128;
        let (step, grey) = (gain / f32::from(WHITE), &self.greys[(drawn >> 64) as usize]);
        image.iter_mut().zip(grey).for_each(|(pixel, &grey)| *pixel += step * f32::from(grey));
    }
}

impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} pictures", self.greys.len())
    }
}

/// The 28 x 28 pixels of a picture `[height, width]` from row `top` and column `left` on.
fn crop(picture: ArrayView2<u16>, top: usize, left: usize) -> Grey {
    let pixels = picture.slice(s![top..top + IMAGE_SIZE, left..left + IMAGE_SIZE]);
    std::array::from_fn(|i| pixels[[i / IMAGE_SIZE, i % IMAGE_SIZE]])
}

/// The grey value of a colour (components from 0 to 255): ITU-R BT.601, rounded as in the published
/// code.
fn luma([red, green, blue]: [u8; 3]) -> u16 {
    let weighted = 0.2989 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue);
    (weighted * (f32::from(WHITE) / 255.0)).round() as u16
}

#[cfg(test)]
mod tests;
