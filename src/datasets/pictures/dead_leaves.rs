//! Pictures of discs that occlude each other, with the power spectrum of natural images, 1 /
//! frequency^2.
//!
//! Lee, Mumford and Huang, *Occlusion Models for Natural Images* (2001): discs whose radii r have
//! density r^-3.

use ndarray::{Array2, s};
use rayon::prelude::*;

use super::{Grey, SIDE, Split, crop};
use umwelt_base::random::{Rng, Stream};

/// The smallest and the largest radius, in pixels.
const RADII: (f64, f64) = (1.0, 24.0);

/// 10,000 pictures for training, or 2,000 others for validation; the same in every run.
pub fn collection(split: Split) -> Vec<Grey> {
    let count = if split == Split::Training { 10_000 } else { 2_000 };
    (0..count).into_par_iter().map(|index| upper_left(split, index)).collect()
}

fn upper_left(split: Split, index: u64) -> Grey {
    let stream = Stream::new(0, &format!("dead leaves/{split:?}"));
    crop(picture(&mut stream.at(&[index]), SIDE).view(), 0, 0)
}

/// A square picture `[side, side]`: discs of random grey, drawn from front to back until they cover
/// it.
pub fn picture(rng: &mut Rng, side: usize) -> Array2<u16> {
    let mut picture = Array2::from_elem((side, side), None);
    let mut bare = picture.len();
    let radii = Radii::reaching(side as f64);
    while bare > 0 {
        let disc = Disc::draw(rng, &radii);
        for y in disc.rows(side) {
            let (left, right) = disc.columns(y, side);
            let mut covered = picture.slice_mut(s![y, left..right]);
            for pixel in covered.iter_mut().filter(|pixel| pixel.is_none()) {
                *pixel = Some(disc.grey);
                bare -= 1;
            }
        }
    }
    picture.mapv(Option::unwrap_or_default)
}

struct Disc {
    x: f64,
    y: f64,
    radius: f64,
    grey: u16,
}

/// The distribution of the radii of discs that overlap a square picture of side s.
///
/// A disc of radius r overlaps it if its centre lies in a square of side s + 2 r. So the radii have
/// density r^-3 (s + 2 r)^2 = s^2 r^-3 + 4 s r^-2 + 4 r^-1.
struct Radii {
    side: f64,
    /// The shares of the three terms in the density.
    shares: [f64; 3],
}

impl Radii {
    fn reaching(side: f64) -> Self {
        let (least, greatest) = RADII;
        let [cubes, squares, ones] = [
            side * side * (least.powi(-2) - greatest.powi(-2)) / 2.0,
            4.0 * side * (least.recip() - greatest.recip()),
            4.0 * (greatest / least).ln(),
        ];
        let all = cubes + squares + ones;
        Self { side, shares: [cubes / all, squares / all, ones / all] }
    }

    fn draw(&self, rng: &mut Rng) -> f64 {
        let ((least, greatest), term) = (RADII, rng.uniform());
        match self.shares {
            [cubes, ..] if term < cubes => rng.between(greatest.powi(-2), least.powi(-2)).sqrt().recip(),
            [cubes, squares, _] if term < cubes + squares => {
                rng.between(greatest.recip(), least.recip()).recip()
            }
            _ => rng.between(least.ln(), greatest.ln()).exp(),
        }
    }
}

impl Disc {
    fn draw(rng: &mut Rng, radii: &Radii) -> Self {
        let radius = radii.draw(rng);
        let mut centre = || rng.between(-radius, radii.side + radius);
        Self { x: centre(), y: centre(), radius, grey: (rng.bits() >> 48) as u16 }
    }

    fn rows(&self, side: usize) -> std::ops::Range<usize> {
        let (top, bottom) = inside(self.y, self.radius, side);
        top..bottom
    }

    /// The range of columns in row `y` whose pixel centres the disc covers.
    fn columns(&self, y: usize, side: usize) -> (usize, usize) {
        let away = y as f64 + 0.5 - self.y;
        inside(self.x, (self.radius * self.radius - away * away).max(0.0).sqrt(), side)
    }
}

/// The range of those of `side` pixels whose centres are less than `reach` from `centre`.
fn inside(centre: f64, reach: f64, side: usize) -> (usize, usize) {
    let first = |edge: f64| (edge - 0.5).ceil().clamp(0.0, side as f64) as usize;
    (first(centre - reach), first(centre + reach))
}

#[cfg(test)]
mod tests;
