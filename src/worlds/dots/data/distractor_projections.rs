//! Random projections of fixed distractors: the targets of the noise probe.

use ndarray::Array2;
use rayon::prelude::*;

use super::dots::Dots;
use super::render::{Image, PIXELS};
use super::sequence_renderer::SequenceRenderer;
use umwelt_base::random::Stream;

/// The number of projections of a distractor.
pub const PROJECTIONS: usize = 8;

impl Dots {
    /// True if the images contain a distractor that stays the same over a sequence.
    pub fn has_fixed_distractor(&self) -> bool {
        self.settings.shown_static_noise() > 0.0
    }

    /// Projections `[B, 8]` of the first dot's fixed distractors in batch `index` on random
    /// directions, which follow from the seed; `None` if the world has no fixed distractor. A
    /// direction has independent normal components of variance 1 / 784.
    pub fn distractor_projections(&self, stream: &str, index: u64) -> Option<Array2<f32>> {
        if !self.has_fixed_distractor() {
            return None;
        }
        let (paths, directions) = (self.paths(stream, index, 0), self.directions());
        let renderer = SequenceRenderer::new(self.appearance(), stream, index, (0, &paths), true);
        let distractors = renderer.fixed?;
        let project = |distractor: &Image| directions.each_ref().map(|d| product(d, distractor));
        let projections: Vec<[f32; PROJECTIONS]> = distractors.par_iter().map(project).collect();
        Some(Array2::from(projections))
    }

    fn directions(&self) -> [Image; PROJECTIONS] {
        let stream = Stream::new(self.settings.seed, "overlay projections");
        std::array::from_fn(|k| {
            let mut rng = stream.at(&[k as u64]);
            std::array::from_fn(|_| (rng.normal() / (PIXELS as f64).sqrt()) as f32)
        })
    }
}

fn product(a: &Image, b: &Image) -> f32 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::worlds::dots::data::DotsSettings;

    fn world(static_noise: f64) -> Dots {
        let settings = DotsSettings { batch_size: 3, frames: 2, static_noise, ..DotsSettings::default() };
        Dots::new(settings).unwrap()
    }

    #[test]
    fn projections_are_those_of_what_the_images_show_beside_the_dot() {
        let (noisy, directions) = (world(1.5), world(1.5).directions());
        let (shown, clean) = (noisy.batch("score", 4, 1).states, world(0.0).batch("score", 4, 1).states);
        let found = noisy.distractor_projections("score", 4).unwrap();
        assert_eq!(found.dim(), (3, PROJECTIONS));
        let distractors = &shown - &clean;
        for ((b, k), found) in found.indexed_iter() {
            let distractor = distractors.slice(s![0, b, 0, .., ..]);
            let expected: f32 =
                distractor.iter().zip(&directions[k]).map(|(pixel, weight)| pixel * weight).sum();
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        assert_eq!(noisy.distractor_projections("score", 4), Some(found.clone()));
        assert_ne!(noisy.distractor_projections("score", 5), Some(found));
    }

    #[test]
    fn a_world_without_a_fixed_distractor_has_none() {
        assert_eq!(world(0.0).distractor_projections("score", 0), None);
    }
}
