//! The units of images, locations and actions.

use super::distractor::Distractor;
use super::path::{MAX_STEP, Path};
use super::render::{Dot, IMAGE_SIZE, PIXELS};

/// Batches over which image statistics are averaged.
pub const STATISTICS_BATCHES: u64 = 100;
/// Batches over which they are averaged if images must be rendered.
pub const RENDERED_BATCHES: u64 = 20;
/// Standard deviation of one coordinate of an action whose length is uniform in [0, 1] (as in the
/// published code).
const UNIT_ACTION_STD: f64 = 0.4102;

/// The affine maps to data units: images (image - mean) / std, locations (location - centre) /
/// unit, actions action / unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    pub image_mean: f64,
    pub image_std: f64,
    /// In pixels.
    pub location_centre: f64,
    /// In pixels.
    pub location_unit: f64,
    /// In pixels.
    pub action_unit: f64,
}

impl Normalisation {
    /// No normalisation: grey values and pixels.
    pub const NONE: Self =
        Self { image_mean: 0.0, image_std: 1.0, location_centre: 0.0, location_unit: 1.0, action_unit: 1.0 };

    /// Maps images of these statistics, and dots at least `margin` pixels from the edge, to mean 0
    /// and variance 1.
    pub fn new(images: ImageStatistics, margin: f64) -> Self {
        let last = (IMAGE_SIZE - 1) as f64;
        Self {
            image_mean: images.mean,
            image_std: images.std,
            location_centre: last / 2.0,
            location_unit: (last - 2.0 * margin) * (1.0f64 / 12.0).sqrt(),
            action_unit: UNIT_ACTION_STD * MAX_STEP,
        }
    }

    /// A coordinate in pixels -> data units.
    pub fn location(&self, pixels: f32) -> f32 {
        ((f64::from(pixels) - self.location_centre) / self.location_unit) as f32
    }

    /// A component of a step in pixels -> data units.
    pub fn action(&self, pixels: f32) -> f32 {
        (f64::from(pixels) / self.action_unit) as f32
    }

    /// A squared location error in squared data units -> pixels^2.
    pub fn pixels_squared(&self, squared_error: f64) -> f64 {
        squared_error * self.location_unit * self.location_unit
    }
}

/// Mean and standard deviation of all pixels of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageStatistics {
    pub mean: f64,
    pub std: f64,
}

impl ImageStatistics {
    /// The expected statistics of a batch of one dot along `paths`, under distractors of
    /// `strengths` (multiples of its largest clean pixel).
    ///
    /// The contribution of the dot is exact and needs no image. That of the distractors is an
    /// expectation; a batch differs from it by a few parts in a thousand. (Pixels of one picture
    /// are correlated, so that the mean of a batch scatters around the collection's mean; the
    /// effect on the standard deviation is as small.)
    pub fn expected(dot: &Dot, paths: &[Path], distractor: &Distractor, strengths: [f64; 2]) -> Self {
        let locations = || paths.iter().flat_map(|path| &path.locations).copied();
        let pixels = (locations().count() * PIXELS) as f64;
        let sums = locations().map(|at| dot.sums(at)).fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
        let [mean, square] = sums.map(|sum| sum / pixels);
        let largest = f64::from(locations().map(|at| dot.peak(at)).fold(0.0, f32::max));
        let (distractor_mean, distractor_variance) = distractor.moments();
        let scaled = strengths.map(|strength| strength * largest);
        let variance = square - mean * mean + distractor_variance * scaled.iter().map(|s| s * s).sum::<f64>();
        Self { mean: mean + distractor_mean * scaled.iter().sum::<f64>(), std: variance.sqrt() }
    }

    /// The statistics of images with one channel for each dot, from those of each dot.
    pub fn of_channels(dots: &[Self]) -> Self {
        if let [only] = dots {
            return *only;
        }
        let mean = |part: fn(&Self) -> f64| dots.iter().map(part).sum::<f64>() / dots.len() as f64;
        let (centre, square) = (mean(|dot| dot.mean), mean(|dot| dot.std * dot.std + dot.mean * dot.mean));
        Self { mean: centre, std: (square - centre * centre).sqrt() }
    }

    /// The statistics of images that sum all dots, from the statistics and paths of each dot.
    pub fn summed(dots: &[Self], dot: &Dot, paths: &[Vec<Path>]) -> Self {
        let pairs = (0..dots.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let together: f64 = pairs.map(|(a, b)| covariance(dot, &paths[a], &paths[b])).sum();
        let variance = dots.iter().map(|dot| dot.std * dot.std).sum::<f64>() + 2.0 * together;
        Self { mean: dots.iter().map(|dot| dot.mean).sum(), std: variance.sqrt() }
    }

    /// The statistics of the pixels of frame differences, whose mean is 0.
    pub fn of_differences<'a>(pixels: impl ExactSizeIterator<Item = &'a f32>) -> Self {
        let count = pixels.len() as f64;
        let square = pixels.map(|&pixel| f64::from(pixel).powi(2)).sum::<f64>() / count;
        Self { mean: 0.0, std: square.sqrt() }
    }

    /// The average of the statistics of several batches.
    pub fn average(batches: &[Self]) -> Self {
        let mean = |part: fn(&Self) -> f64| batches.iter().map(part).sum::<f64>() / batches.len() as f64;
        Self { mean: mean(|batch| batch.mean), std: mean(|batch| batch.std) }
    }
}

/// The covariance between the pixels of the clean images of two dots.
fn covariance(dot: &Dot, a: &[Path], b: &[Path]) -> f64 {
    let places = |paths| <[Path]>::iter(paths).flat_map(|path| &path.locations).copied();
    let pixels = (places(a).count() * PIXELS) as f64;
    let mean = |paths| places(paths).map(|at| dot.sums(at)[0]).sum::<f64>() / pixels;
    let product = places(a).zip(places(b)).map(|(a, b)| dot.overlap(a, b)).sum::<f64>() / pixels;
    product - mean(a) * mean(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_location_unit_is_6_293_pixels() {
        let normalisation = Normalisation::new(ImageStatistics { mean: 0.0, std: 1.0 }, 2.6);
        assert!((normalisation.pixels_squared(1.0).sqrt() - 6.293).abs() < 1e-3);
        assert!((normalisation.location(24.4) - 3f32.sqrt()).abs() < 1e-6);
        assert!((normalisation.location(2.6) + 3f32.sqrt()).abs() < 1e-6);
        assert!((normalisation.action(1.6408) - 1.0).abs() < 1e-6);
        assert_eq!(Normalisation::NONE.pixels_squared(2.5), 2.5);
    }
}
