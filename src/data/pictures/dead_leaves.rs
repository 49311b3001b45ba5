//! Pictures of discs that hide one another, with the spectrum of natural images: power falls as 1 / frequency^2.
//!
//! Lee, Mumford and Huang, *Occlusion Models for Natural Images* (2001): discs whose radii r have density r^-3.

use rayon::prelude::*;

use super::{Grey, SIDE, Split};
use crate::data::render::IMAGE_SIZE;
use crate::random::{Rng, Stream};

/// Least and greatest radius, in pixels.
const RADII: (f64, f64) = (1.0, 24.0);

/// 10,000 pictures for training, or 2,000 others: the same in every run.
pub fn collection(split: Split) -> Vec<Grey> {
    let count = if split == Split::Training { 10_000 } else { 2_000 };
    (0..count).into_par_iter().map(|index| upper_left(split, index)).collect()
}

fn upper_left(split: Split, index: u64) -> Grey {
    let stream = Stream::new(0, &format!("dead leaves/{split:?}"));
    let picture = picture(&mut stream.at(&[index]), SIDE);
    std::array::from_fn(|i| picture[i / IMAGE_SIZE * SIDE + i % IMAGE_SIZE])
}

/// A square picture: discs of random grey, laid from the front to the back until they hide everything.
pub fn picture(rng: &mut Rng, side: usize) -> Vec<u16> {
    let mut picture = vec![None; side * side];
    let mut bare = picture.len();
    while bare > 0 {
        let disc = Disc::draw(rng, side as f64);
        for y in disc.rows(side) {
            let (left, right) = disc.columns(y, side);
            let hidden = &mut picture[y * side..][left..right];
            for pixel in hidden.iter_mut().filter(|pixel| pixel.is_none()) {
                *pixel = Some(disc.grey);
                bare -= 1;
            }
        }
    }
    picture.into_iter().flatten().collect()
}

struct Disc {
    x: f64,
    y: f64,
    radius: f64,
    grey: u16,
}

impl Disc {
    /// Any disc that reaches into the picture may come, so that its edge is like its middle.
    fn draw(rng: &mut Rng, side: f64) -> Self {
        let (least, greatest) = RADII;
        let inverse_square = rng.between(greatest.powi(-2), least.powi(-2));
        let mut centre = || rng.between(-greatest, side + greatest);
        Self {
            x: centre(),
            y: centre(),
            radius: inverse_square.sqrt().recip(),
            grey: (rng.bits() >> 48) as u16,
        }
    }

    fn rows(&self, side: usize) -> std::ops::Range<usize> {
        let (top, bottom) = inside(self.y, self.radius, side);
        top..bottom
    }

    /// The pixels of row `y` whose centres it covers.
    fn columns(&self, y: usize, side: usize) -> (usize, usize) {
        let away = y as f64 + 0.5 - self.y;
        inside(self.x, (self.radius * self.radius - away * away).max(0.0).sqrt(), side)
    }
}

/// The first and the one after the last of `side` pixels whose centres are less than `reach` from `centre`.
fn inside(centre: f64, reach: f64, side: usize) -> (usize, usize) {
    let first = |edge: f64| (edge - 0.5).ceil().clamp(0.0, side as f64) as usize;
    (first(centre - reach), first(centre + reach))
}

#[cfg(test)]
mod tests;
