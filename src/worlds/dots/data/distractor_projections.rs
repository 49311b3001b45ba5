//! The fixed overlay of a sequence, summed up in a few numbers that a read-out can be asked for.

use rayon::prelude::*;

use super::dots::Dots;
use super::film::Film;
use super::render::{Image, PIXELS};
use umwelt_base::random::Stream;

/// How many numbers sum up an overlay.
pub const PROJECTIONS: usize = 8;

impl Dots {
    /// Whether images show an overlay that stays the same over a sequence.
    pub fn has_fixed_overlay(&self) -> bool {
        self.settings.shown_static_noise() > 0.0
    }

    /// What the first dot's fixed overlays in batch `index` come to in random directions of variance 1 over the image,
    /// which follow from the seed: `[batch, 8]`. None where the world has no fixed overlay.
    pub fn overlay_projections(&self, stream: &str, index: u64) -> Option<Vec<f32>> {
        if !self.has_fixed_overlay() {
            return None;
        }
        let (walks, directions) = (self.walks(stream, index, 0), self.directions());
        let film = Film::new(self, stream, index, (0, &walks), true);
        let project = |overlay: &Image| {
            directions.iter().map(|direction| product(direction, overlay)).collect::<Vec<_>>()
        };
        Some(film.fixed?.par_iter().flat_map_iter(project).collect())
    }

    fn directions(&self) -> Vec<Image> {
        let stream = Stream::new(self.settings.seed, "overlay projections");
        let direction = |k| {
            let mut rng = stream.at(&[k]);
            std::array::from_fn(|_| (rng.normal() / (PIXELS as f64).sqrt()) as f32)
        };
        (0..PROJECTIONS as u64).map(direction).collect()
    }
}

fn product(a: &Image, b: &Image) -> f32 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
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
        let found = noisy.overlay_projections("score", 4).unwrap();
        assert_eq!(found.len(), 3 * PROJECTIONS);
        for (n, found) in found.iter().enumerate() {
            let (b, k) = (n / PROJECTIONS, n % PROJECTIONS);
            let expected: f32 =
                (0..PIXELS).map(|i| (shown[b * PIXELS + i] - clean[b * PIXELS + i]) * directions[k][i]).sum();
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        assert_eq!(noisy.overlay_projections("score", 4), Some(found.clone()));
        assert_ne!(noisy.overlay_projections("score", 5), Some(found));
    }

    #[test]
    fn a_world_without_a_fixed_overlay_has_none() {
        assert_eq!(world(0.0).overlay_projections("score", 0), None);
    }
}
