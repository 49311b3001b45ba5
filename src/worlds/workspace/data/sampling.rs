//! Items of the data set, drawn from the seed.

use anyhow::Result;
use ndarray::Array2;
use rayon::prelude::*;
use umwelt_base::UserError;
use umwelt_base::random::{Rng, Stream};

use super::ood::Region;
use super::shapes_settings::MOST_HUE;
use super::{Items, Shape, ShapesSettings, Split, rgb_of_hls};

/// The items that are drawn inside a hole.
pub const SYNTHESISED: usize = 1_000;
/// Draws for one item inside a hole, of which about 1 in 900 lies in one of six attributes.
const ATTEMPTS: usize = 1_000_000;

/// The distribution of the items: all attributes are independent of each other.
pub struct Sampler {
    settings: ShapesSettings,
    classes: Vec<usize>,
    seed: u64,
}

impl Sampler {
    /// The distribution with these settings, which [`ShapesSettings::check`] accepts.
    pub fn new(settings: &ShapesSettings, seed: u64) -> Self {
        Self { settings: settings.clone(), classes: settings.classes(), seed }
    }

    /// The first `count` items of a split. Item i is a function of (settings, seed, split, i).
    pub fn items(&self, split: Split, count: usize) -> Items {
        let stream = self.stream(split, "attributes");
        let draw = |i| self.draw(&mut stream.at(&[i]));
        let shapes = (0..count as u64).into_par_iter().map(draw).collect();
        Items { shapes, unpaired: self.unpaired(&self.stream(split, "unpaired"), count) }
    }

    /// [`SYNTHESISED`] items of a split inside `region`. Item i is a function of (settings, region,
    /// seed, split, i).
    ///
    /// # Errors
    /// A [`UserError`] if no item is in the region.
    pub fn items_within(&self, region: &Region, split: Split) -> Result<Items> {
        let stream = self.stream(split, "attributes in the hole");
        let draw = |i| {
            let mut rng = stream.at(&[i]);
            (0..ATTEMPTS).map(|_| self.draw(&mut rng)).find(|shape| region.contains(shape))
        };
        let shapes = (0..SYNTHESISED as u64).into_par_iter().map(draw).collect::<Option<_>>();
        let nothing = "ood.seed chose a hole that no item of these settings lies in; choose another ood.seed, \
                       or set ood.synthesise=false";
        let shapes = shapes.ok_or_else(|| UserError(nothing.into()))?;
        Ok(Items {
            shapes,
            unpaired: self.unpaired(&self.stream(split, "unpaired in the hole"), SYNTHESISED),
        })
    }

    /// Unpaired numbers `[count, unpaired_dim]`.
    fn unpaired(&self, stream: &Stream, count: usize) -> Array2<f32> {
        let width = self.settings.unpaired_dim;
        let mut values = vec![0.0; count * width];
        values.par_chunks_mut(width).enumerate().for_each(|(i, row)| {
            let mut rng = stream.at(&[i as u64]);
            match row {
                [value] => *value = unit(&mut rng),
                _ => row.fill_with(|| rng.normal() as f32),
            }
        });
        Array2::from_shape_vec((count, width), values).expect("there is a row for each item")
    }

    fn stream(&self, split: Split, part: &str) -> Stream {
        Stream::new(self.seed, &format!("shapes/{}/{part}", split.name()))
    }

    /// A draw from the distribution.
    fn draw(&self, rng: &mut Rng) -> Shape {
        let settings = &self.settings;
        let class = self.classes[rng.below(self.classes.len())];
        let size = inclusive(rng, settings.min_scale, settings.max_scale) as f32;
        let centres = settings.centres();
        let [x, y] = [(); 2].map(|()| (centres.start + rng.below(centres.len())) as f32);
        let rotation = rng.between(settings.min_rotation, settings.max_rotation).to_radians() as f32;
        let hue = self.hue(class, rng);
        let lightness = inclusive(rng, settings.min_lightness, settings.max_lightness);
        let hls = [hue, lightness, inclusive(rng, 0, u8::MAX.into())].map(|value| value as u8);
        Shape { class: class as u8, x, y, size, rotation, rgb: rgb_of_hls(hls), hls }
    }

    fn hue(&self, class: usize, rng: &mut Rng) -> usize {
        match self.settings.shapes_color_range {
            None => inclusive(rng, self.settings.min_hue, self.settings.max_hue),
            Some(intervals) => {
                let [low, high] = intervals[class];
                let hue = low + rng.below((high - low) as usize) as i64;
                hue.rem_euclid(MOST_HUE as i64) as usize
            }
        }
    }
}

/// A uniform draw from `low` to `high`, both inclusive.
fn inclusive(rng: &mut Rng, low: usize, high: usize) -> usize {
    low + rng.below(high - low + 1)
}

/// A uniform draw from [0, 1) with the 24 bits that float32 holds: 1 itself never occurs.
fn unit(rng: &mut Rng) -> f32 {
    (rng.bits() >> 40) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests;
