//! Logistic regression on grey values.

use std::thread;

use super::lbfgs::minimise;
use crate::vectorised::vectorised;
use crate::wisard::{best, softmax};
use crate::{Digit, PIXELS, Samples};

/// Classes side by side.
const LANES: usize = 16;
/// Samples whose gradient is summed in float32.
const PART: usize = 1000;
/// The largest entry of the gradient at the end.
const TOLERANCE: f64 = 1e-5;
/// The most steps.
const STEPS: usize = 500;

/// Weights of one pixel, or the biases, for 16 classes.
type Lanes = [f32; LANES];

/// A linear model of the classes: logits = W (grey / 255) + b.
#[derive(Clone, Debug)]
pub struct Logistic {
    classes: usize,
    /// `[blocks of classes][PIXELS + 1]`; the last row of a block has the biases.
    weights: Vec<Vec<Lanes>>,
}

/// The ink of a picture: pixels with their values in (0, 1].
type Ink = Vec<(u16, f32)>;

impl Logistic {
    /// Minimises the mean cross-entropy + |W|^2 / (2 N) over N samples, on `threads` threads: the
    /// same for any number of them.
    ///
    /// # Panics
    /// When there are no samples.
    pub fn fit(samples: &Samples, classes: usize, threads: usize) -> Self {
        assert!(!samples.is_empty(), "a regression on no samples");
        let data: Vec<(Ink, u8)> = samples.iter().map(|(image, label)| (ink(image), label)).collect();
        let mut model =
            Self { classes, weights: vec![vec![[0.0; LANES]; PIXELS + 1]; classes.div_ceil(LANES)] };
        let mut x = vec![0.0; (PIXELS + 1) * classes];
        minimise(&mut x, TOLERANCE, STEPS, |x, gradient| {
            model.set(x);
            model.loss(&data, threads, x, gradient)
        });
        model.set(&x);
        model
    }

    /// From weights and biases `[PIXELS + 1, classes]`.
    fn set(&mut self, x: &[f64]) {
        for (row, values) in x.chunks(self.classes).enumerate() {
            for (class, value) in values.iter().enumerate() {
                self.weights[class / LANES][row][class % LANES] = *value as f32;
            }
        }
    }

    /// The loss with its gradient `[PIXELS + 1, classes]`.
    fn loss(&self, data: &[(Ink, u8)], threads: usize, x: &[f64], gradient: &mut [f64]) -> f64 {
        let parts: Vec<&[(Ink, u8)]> = data.chunks(PART).collect();
        let share = parts.len().div_ceil(threads.max(1));
        let of = |parts: &[&[(Ink, u8)]]| parts.iter().map(|part| self.part(part)).collect::<Vec<_>>();
        let done: Vec<(f64, Vec<Vec<Lanes>>)> = thread::scope(|scope| {
            let started: Vec<_> = parts.chunks(share).map(|parts| scope.spawn(move || of(parts))).collect();
            started.into_iter().flat_map(|thread| thread.join().expect("sums do not panic")).collect()
        });
        let count = data.len() as f64;
        let weights = PIXELS * self.classes;
        for (at, (slope, value)) in gradient.iter_mut().zip(x).enumerate() {
            *slope = if at < weights { value / count } else { 0.0 };
        }
        let mut loss = x[..weights].iter().map(|value| value * value).sum::<f64>() / (2.0 * count);
        for (part, sums) in done {
            loss += part / count;
            for (row, slopes) in gradient.chunks_mut(self.classes).enumerate() {
                for (class, slope) in slopes.iter_mut().enumerate() {
                    *slope += f64::from(sums[class / LANES][row][class % LANES]) / count;
                }
            }
        }
        loss
    }

    /// Summed loss and gradient of some samples.
    fn part(&self, samples: &[(Ink, u8)]) -> (f64, Vec<Vec<Lanes>>) {
        let mut sums = vec![vec![[0.0; LANES]; PIXELS + 1]; self.weights.len()];
        let mut loss = 0.0;
        for (ink, label) in samples {
            let mut errors = softmax(&self.logits(ink));
            loss -= f64::from(errors[usize::from(*label)].max(f32::MIN_POSITIVE).ln());
            errors[usize::from(*label)] -= 1.0;
            for (sums, errors) in sums.iter_mut().zip(errors.chunks(LANES)) {
                let mut lanes = [0.0; LANES];
                lanes[..errors.len()].copy_from_slice(errors);
                spread(ink, &lanes, sums);
            }
        }
        (loss, sums)
    }

    fn logits(&self, ink: &Ink) -> Vec<f32> {
        let mut logits: Vec<f32> = self.weights.iter().flat_map(|weights| gather(ink, weights)).collect();
        logits.truncate(self.classes);
        logits
    }

    /// The class with the largest logit for each picture, the lowest of equal ones.
    pub fn answers(&self, images: &[Digit]) -> Vec<u8> {
        let answer = |image: &Digit| best(&self.logits(&ink(image)), |_| true).unwrap_or_default() as u8;
        images.iter().map(answer).collect()
    }
}

fn ink(image: &Digit) -> Ink {
    let inked = image.iter().enumerate().filter(|(_, value)| **value > 0);
    inked.map(|(at, &value)| (at as u16, f32::from(value) / 255.0)).collect()
}

vectorised! {
    /// Biases plus the weights times the ink.
    fn gather(ink: &[(u16, f32)], weights: &[[f32; 16]]) -> [f32; 16] {
        let mut sums = weights[PIXELS];
        for &(at, value) in ink {
            let weights = &weights[usize::from(at)];
            for lane in 0..16 {
                sums[lane] += value * weights[lane];
            }
        }
        sums
    }
}

vectorised! {
    /// Adds the gradient of one sample.
    fn spread(ink: &[(u16, f32)], errors: &[f32; 16], sums: &mut [[f32; 16]]) {
        for &(at, value) in ink {
            let sums = &mut sums[usize::from(at)];
            for lane in 0..16 {
                sums[lane] += value * errors[lane];
            }
        }
        for lane in 0..16 {
            sums[PIXELS][lane] += errors[lane];
        }
    }
}

#[cfg(test)]
mod tests {
    use umwelt_base::random::Stream;

    use super::*;

    fn samples(count: usize) -> (Vec<Digit>, Vec<u8>) {
        let of = |i: usize| -> (Digit, u8) {
            let mut rng = Stream::new(6, "t").at(&[i as u64]);
            let label = (i % 18) as u8;
            let mut image = [0; PIXELS];
            for value in image.iter_mut().step_by(3) {
                *value = (40.0 * rng.uniform()) as u8;
            }
            image[usize::from(label) * 30] = 150;
            (image, label)
        };
        (0..count).map(of).unzip()
    }

    #[test]
    fn the_minimum_has_no_slope_and_separates_the_classes() {
        // More classes than lanes of a block.
        let (images, labels) = samples(180);
        let samples = Samples::of(&images, &labels);
        let model = Logistic::fit(&samples, 18, 2);
        assert_eq!(model.answers(&images), labels);
        // At the minimum the slope of weight (pixel, class) is 0: the mean of value * (p - target)
        // plus weight / N.
        let n = images.len() as f64;
        for (pixel, class) in [(30, 1), (510, 17), (0, 0), (3, 16), (PIXELS, 4)] {
            let slope: f64 = images
                .iter()
                .zip(&labels)
                .map(|(image, &label)| {
                    let p = f64::from(softmax(&model.logits(&ink(image)))[class]);
                    let value = image.get(pixel).map_or(1.0, |value| f64::from(*value) / 255.0);
                    value * (p - f64::from(u8::from(usize::from(label) == class))) / n
                })
                .sum();
            let weight = f64::from(model.weights[class / LANES][pixel][class % LANES]);
            let penalty = if pixel < PIXELS { weight / n } else { 0.0 };
            assert!((slope + penalty).abs() < 2.0 * TOLERANCE, "{pixel} {class}: {slope} {penalty}");
        }
        let single = Logistic::fit(&samples, 18, 1);
        assert_eq!(single.weights, model.weights);
    }
}
