//! Distractors: noise or pictures added to the images of the dots.

use std::sync::Arc;

use anyhow::Result;

use super::render::{IMAGE_SIZE, Image, PIXELS};
use crate::datasets::{Pictures, Split};
use umwelt_base::random::Rng;

/// The content of a distractor, in grey values from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Distractor {
    /// Independent pixels, uniform in [0, 1).
    #[default]
    Uniform,
    /// One picture of a collection, drawn uniformly.
    Pictures(Arc<Pictures>),
}

impl Distractor {
    /// The pictures at `path`, which is a folder or `dead_leaves`.
    ///
    /// # Errors
    /// See [`Pictures::named`].
    pub fn structured(path: &str, split: Split) -> Result<Self> {
        Ok(Self::Pictures(Arc::new(Pictures::named(path, split)?)))
    }

    /// Mean and variance of a pixel, averaged over positions.
    pub fn moments(&self) -> (f64, f64) {
        match self {
            Self::Uniform => (0.5, 1.0 / 12.0),
            Self::Pictures(pictures) => pictures.moments(),
        }
    }

    /// Draws a distractor, multiplied by `gain`, on a uniform `background`.
    pub fn draw(&self, rng: &mut Rng, background: f32, gain: f32) -> Image {
        let mut image = [background; PIXELS];
        self.add_to(&mut image, rng, gain);
        image
    }

    /// Draws a distractor and adds it, multiplied by `gain`, to an image.
    pub fn add_to(&self, image: &mut Image, rng: &mut Rng, gain: f32) {
        match self {
            Self::Uniform => rng.add_uniform(image, gain),
            Self::Pictures(pictures) => pictures.add_to(image, rng, gain),
        }
    }
}

/// The image rolled by `pixels` to the right: columns that leave on the right enter on the left.
pub fn rolled(image: &Image, pixels: usize) -> Image {
    let mut rolled = *image;
    if !pixels.is_multiple_of(IMAGE_SIZE) {
        rolled.chunks_exact_mut(IMAGE_SIZE).for_each(|row| row.rotate_right(pixels % IMAGE_SIZE));
    }
    rolled
}

#[cfg(test)]
mod tests {
    use super::*;
    use umwelt_base::random::Stream;

    #[test]
    fn a_rolled_distractor_moves_right_and_wraps() {
        let distractor: Image = std::array::from_fn(|i| i as f32);
        for (i, pixel) in rolled(&distractor, 31).iter().enumerate() {
            let (y, x) = (i / IMAGE_SIZE, i % IMAGE_SIZE);
            assert_eq!(*pixel, (y * IMAGE_SIZE + (x + IMAGE_SIZE - 3) % IMAGE_SIZE) as f32);
        }
    }

    #[test]
    fn drawn_pixels_have_the_stated_moments() {
        let stream = Stream::new(5, "distractor");
        let draw = |i| Distractor::Uniform.draw(&mut stream.at(&[i]), -2.0, 3.0);
        let images: Vec<f32> = (0..500).flat_map(draw).collect();
        let mean = |f: &dyn Fn(f64) -> f64| {
            images.iter().map(|&pixel| f((f64::from(pixel) + 2.0) / 3.0)).sum::<f64>() / images.len() as f64
        };
        let (expected_mean, expected_variance) = Distractor::Uniform.moments();
        let error = 4.0 / (images.len() as f64).sqrt();
        assert!((mean(&|pixel| pixel) - expected_mean).abs() < 0.289 * error);
        assert!((mean(&|pixel| (pixel - 0.5).powi(2)) - expected_variance).abs() < 0.0745 * error);
    }
}
