//! The units in which a model sees the world.

use super::noise::Overlay;
use super::render::{Dot, IMAGE_SIZE, PIXELS};
use super::trajectory::{MAX_STEP, Walk};

/// Batches over which image statistics are averaged.
pub const STATISTICS_BATCHES: u64 = 100;
/// Batches over which they are averaged where images must be rendered for it.
pub const RENDERED_BATCHES: u64 = 20;
/// Standard deviation of one coordinate of an action whose length is uniform in [0, 1] (as recorded).
const UNIT_ACTION_STD: f64 = 0.4102;

/// Images become (image - mean) / std, locations (location - centre) / unit, actions action / unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    pub image_mean: f64,
    pub image_std: f64,
    /// Pixels.
    pub location_centre: f64,
    /// Pixels.
    pub location_unit: f64,
    /// Pixels.
    pub action_unit: f64,
}

impl Normalisation {
    /// The world in its own units: grey values and pixels.
    pub const NONE: Self =
        Self { image_mean: 0.0, image_std: 1.0, location_centre: 0.0, location_unit: 1.0, action_unit: 1.0 };

    /// Mean 0 and variance 1 for images with these statistics and dots that keep `margin` pixels off the edge.
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

    pub fn location(&self, pixels: f32) -> f32 {
        ((f64::from(pixels) - self.location_centre) / self.location_unit) as f32
    }

    pub fn action(&self, pixels: f32) -> f32 {
        (f64::from(pixels) / self.action_unit) as f32
    }

    /// A squared location error in pixels^2.
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
    /// What a batch of one dot's `walks` is expected to show under overlays of these strengths (fractions of its
    /// largest clean pixel).
    ///
    /// The dots' part is exact and needs no image; the overlays' part is its expectation, which a batch's own
    /// draws miss by a few parts in a thousand. (Pixels of a picture go together, so that the mean of a batch of
    /// pictures scatters around the collection's; what its standard deviation lacks for that is of this size.)
    pub fn expected(dot: &Dot, walks: &[Walk], overlay: &Overlay, strengths: [f64; 2]) -> Self {
        let locations = || walks.iter().flat_map(|walk| &walk.locations).copied();
        let pixels = (locations().count() * PIXELS) as f64;
        let sums = locations().map(|at| dot.sums(at)).fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
        let [mean, square] = sums.map(|sum| sum / pixels);
        let largest = f64::from(locations().map(|at| dot.peak(at)).fold(0.0, f32::max));
        let (overlay_mean, overlay_variance) = overlay.moments();
        let overlaid = strengths.map(|strength| strength * largest);
        let variance = square - mean * mean + overlay_variance * overlaid.iter().map(|s| s * s).sum::<f64>();
        Self { mean: mean + overlay_mean * overlaid.iter().sum::<f64>(), std: variance.sqrt() }
    }

    /// Of images that show one dot each, from the statistics of every dot.
    pub fn side_by_side(dots: &[Self]) -> Self {
        if let [only] = dots {
            return *only;
        }
        let mean = |part: fn(&Self) -> f64| dots.iter().map(part).sum::<f64>() / dots.len() as f64;
        let (centre, square) = (mean(|dot| dot.mean), mean(|dot| dot.std * dot.std + dot.mean * dot.mean));
        Self { mean: centre, std: (square - centre * centre).sqrt() }
    }

    /// Of the sums of the dots' images, from the statistics and the walks of every dot.
    pub fn summed(dots: &[Self], dot: &Dot, walks: &[Vec<Walk>]) -> Self {
        let pairs = (0..dots.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let together: f64 = pairs.map(|(a, b)| covariance(dot, &walks[a], &walks[b])).sum();
        let variance = dots.iter().map(|dot| dot.std * dot.std).sum::<f64>() + 2.0 * together;
        Self { mean: dots.iter().map(|dot| dot.mean).sum(), std: variance.sqrt() }
    }

    /// Of differences between successive frames, whose mean is 0.
    pub fn of_differences(pixels: &[f32]) -> Self {
        let square = pixels.iter().map(|&pixel| f64::from(pixel).powi(2)).sum::<f64>() / pixels.len() as f64;
        Self { mean: 0.0, std: square.sqrt() }
    }

    /// The average of several batches' statistics.
    pub fn average(batches: &[Self]) -> Self {
        let mean = |part: fn(&Self) -> f64| batches.iter().map(part).sum::<f64>() / batches.len() as f64;
        Self { mean: mean(|batch| batch.mean), std: mean(|batch| batch.std) }
    }
}

/// The covariance of the pixels of the clean images of two dots.
fn covariance(dot: &Dot, a: &[Walk], b: &[Walk]) -> f64 {
    let places = |walks| <[Walk]>::iter(walks).flat_map(|walk| &walk.locations).copied();
    let pixels = (places(a).count() * PIXELS) as f64;
    let mean = |walks| places(walks).map(|at| dot.sums(at)[0]).sum::<f64>() / pixels;
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
