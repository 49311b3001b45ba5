//! The image of a dot: a Gaussian bump, separable in x and y.

use std::array::from_fn;
use std::f64::consts::TAU;

pub use crate::datasets::{IMAGE_SIZE, Image, PIXELS};

// A product of two factors stays a normal number; denormal products would cost a hundred cycles
// each.
const SMALLEST_EXPONENT: f32 = -41.0;

/// The shape of a dot: exp(-d^2 / (2 s^2)) / (2 pi s^2) at distance d, computed as a factor of x
/// times a factor of y.
#[derive(Clone, Copy, Debug)]
pub struct Dot {
    sharpness: f32,
    amplitude: f32,
}

impl Dot {
    /// A dot with standard deviation `std` pixels.
    pub fn new(std: f64) -> Self {
        Self { sharpness: (0.5 / (std * std)) as f32, amplitude: (1.0 / (TAU * std * std)) as f32 }
    }

    /// Adds the dot at (x, y) in pixels, multiplied by `gain`, to an image.
    pub fn add_to(&self, image: &mut Image, [x, y]: [f32; 2], gain: f32) {
        let columns = self.factors(x).map(|factor| factor * self.amplitude * gain);
        for (row, height) in image.as_chunks_mut::<IMAGE_SIZE>().0.iter_mut().zip(self.factors(y)) {
            row.iter_mut().zip(columns).for_each(|(pixel, column)| *pixel += height * column);
        }
    }

    /// The largest pixel of the image of a dot at (x, y): the one nearest to its centre.
    pub fn peak(&self, location: [f32; 2]) -> f32 {
        location.iter().map(|at| self.factor(at.round() - at)).product::<f32>() * self.amplitude
    }

    /// The sum of all pixels, and of their squares, of the image of a dot at (x, y).
    pub fn sums(&self, [x, y]: [f32; 2]) -> [f64; 2] {
        let (columns, rows) = (self.factors(x), self.factors(y));
        let sum = |factors: [f32; IMAGE_SIZE]| f64::from(factors.iter().sum::<f32>());
        let square = |factors: [f32; IMAGE_SIZE]| sum(factors.map(|factor| factor * factor));
        let amplitude = f64::from(self.amplitude);
        [amplitude * sum(columns) * sum(rows), amplitude * amplitude * square(columns) * square(rows)]
    }

    /// The sum over all pixels of the product of the images of dots at `a` and `b`.
    pub fn overlap(&self, a: [f32; 2], b: [f32; 2]) -> f64 {
        let product = |a, b| self.factors(a).iter().zip(self.factors(b)).map(|(a, b)| a * b).sum::<f32>();
        f64::from(self.amplitude).powi(2) * f64::from(product(a[0], b[0])) * f64::from(product(a[1], b[1]))
    }

    fn factors(&self, centre: f32) -> [f32; IMAGE_SIZE] {
        from_fn(|i| self.factor(i as f32 - centre))
    }

    fn factor(&self, distance: f32) -> f32 {
        exp((-distance * distance * self.sharpness).max(SMALLEST_EXPONENT))
    }
}

/// e^x for x in [-80, 80], with a relative error below 3e-7: 2^n e^r with |r| <= ln(2) / 2 and e^r
/// by its Taylor series.
///
/// Unlike the exp of libm, the compiler can vectorise it.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // The sum has no bits for a fraction, so that its lowest bits hold the nearest integer n.
    const ROUND: f32 = (3 << 22) as f32;
    // ln(2) in two parts; the first has so few bits that its product with n is exact.
    const LN_2_COARSE: f32 = 355.0 / 512.0;
    const COARSE_EXCESS: f32 = 2.121_944_4e-4;
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2_COARSE) + n * COARSE_EXCESS;
    let series =
        [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0].iter().fold(1.0 / 720.0, |sum, c| sum * r + c);
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::dots::data::parity;

    fn draw(location: [f32; 2], gain: f32) -> Image {
        let mut image = [0.0; PIXELS];
        Dot::new(1.3).add_to(&mut image, location, gain);
        image
    }

    #[test]
    fn images_agree_with_recorded_ones() {
        let (_, locations) = parity::rendering("expect.locations");
        let (shape, states) = parity::rendering("expect.states");
        assert_eq!(shape, [6, 9, 1, IMAGE_SIZE, IMAGE_SIZE]);
        for (location, expected) in locations.chunks_exact(2).zip(states.chunks_exact(PIXELS)) {
            for (ours, theirs) in draw([location[0], location[1]], 1.0).iter().zip(expected) {
                assert!((ours - theirs).abs() <= 1e-6 + 1e-4 * theirs, "{ours} {theirs}");
            }
        }
    }

    #[test]
    fn rows_are_y_and_gain_multiplies() {
        let image = draw([5.0, 20.0], 3.0);
        let expected = |dx: f64, dy: f64| 3.0 * (-(dx * dx + dy * dy) / 3.38).exp() / (TAU * 1.69);
        assert!((f64::from(image[20 * IMAGE_SIZE + 5]) - expected(0.0, 0.0)).abs() < 1e-6);
        assert!((f64::from(image[20 * IMAGE_SIZE + 8]) - expected(3.0, 0.0)).abs() < 1e-6);
        assert!((f64::from(image[22 * IMAGE_SIZE + 5]) - expected(0.0, 2.0)).abs() < 1e-6);
    }

    #[test]
    fn peak_and_sums_are_those_of_the_image() {
        for location in [[2.6, 24.4], [13.5, 7.25], [9.0, 18.501]] {
            let image = draw(location, 1.0);
            let largest = image.iter().copied().fold(0.0, f32::max);
            assert!((Dot::new(1.3).peak(location) - largest).abs() <= 1e-6 * largest);
            let naive = [1, 2].map(|power| image.iter().map(|&p| f64::from(p).powi(power)).sum::<f64>());
            let sums = Dot::new(1.3).sums(location);
            assert!(sums.iter().zip(naive).all(|(sum, naive)| (sum - naive).abs() < 1e-5 * naive));
        }
    }

    #[test]
    fn overlap_is_the_sum_of_products_of_pixels() {
        for (a, b) in [([9.0, 18.5], [10.2, 17.0]), ([2.6, 2.6], [6.0, 4.5])] {
            let products = draw(a, 1.0).into_iter().zip(draw(b, 1.0)).map(|(a, b)| f64::from(a * b));
            let naive = products.sum::<f64>();
            assert!((Dot::new(1.3).overlap(a, b) - naive).abs() < 1e-5 * naive);
        }
    }

    #[test]
    fn exp_is_that_of_float64() {
        for x in (-40_000..=40_000).map(|i| i as f32 / 1000.0) {
            let relative = f64::from(exp(x)) / f64::from(x).exp() - 1.0;
            assert!(relative.abs() < 3e-7, "e^{x} is off by {relative}");
        }
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn no_pixel_is_denormal() {
        let corners = [[2.6, 2.6], [24.4, 2.6], [7.3, 24.4], [13.5, 13.5]];
        assert!(corners.iter().all(|&at| draw(at, 1.0).iter().all(|pixel| !pixel.is_subnormal())));
    }
}
