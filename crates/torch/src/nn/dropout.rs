//! Dropout with masks that are functions of the seed and the step.

use std::cell::Cell;

use tch::Tensor;
use umwelt_base::random::Stream;

use crate::native;

/// Dropout (Srivastava et al. 2014): drops features with a probability, and scales the others so
/// that their expectation stays.
pub struct Dropout {
    probability: f64,
    /// The standard normal quantile below which a feature is kept.
    threshold: f64,
}

/// The masks of one training step, in the order in which they are drawn.
pub struct Masks<'a> {
    dropout: &'a Dropout,
    stream: Stream,
    step: u64,
    drawn: Cell<u64>,
}

impl Dropout {
    /// Dropout with a probability from 0 to below 1.
    pub fn new(probability: f64) -> Self {
        let quantile = Tensor::from(1.0 - 2.0 * probability).erfinv() * std::f64::consts::SQRT_2;
        Self { probability, threshold: quantile.double_value(&[]) }
    }

    /// The masks of training step `step`.
    pub fn masks(&self, seed: u64, step: u64) -> Masks<'_> {
        Masks { dropout: self, stream: Stream::new(seed, "dropout"), step, drawn: Cell::new(0) }
    }
}

impl Masks<'_> {
    /// The features `x` of any shape under the next mask.
    pub fn apply(&self, x: &Tensor) -> Tensor {
        let draw = self.drawn.replace(self.drawn.get() + 1);
        let seed = self.stream.at(&[self.step, draw]).bits();
        let kept = native::normals(&x.size(), x.device(), seed).lt(self.dropout.threshold);
        x * kept.to_kind(x.kind()) / (1.0 - self.dropout.probability)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn features_are_dropped_with_their_probability_and_keep_their_mean() {
        let ones = Tensor::ones([200, 200], (Kind::Float, Device::Cpu));
        for probability in [0.0, 0.3, 0.9] {
            let dropped = Dropout::new(probability).masks(1, 2).apply(&ones);
            let share = dropped.eq(0.0).to_kind(Kind::Float).mean(Kind::Float).double_value(&[]);
            assert!((share - probability).abs() < 0.01, "{share}");
            let largest = 1.0 / (1.0 - probability);
            assert!((dropped.max().double_value(&[]) - largest).abs() < 1e-5);
        }
    }

    #[test]
    fn masks_follow_from_seed_step_and_order() {
        let ones = Tensor::ones([50], (Kind::Float, Device::Cpu));
        let dropout = Dropout::new(0.5);
        let drawn = |seed, step| {
            let masks = dropout.masks(seed, step);
            [masks.apply(&ones), masks.apply(&ones)]
        };
        let [first, second] = drawn(1, 5);
        assert_ne!(first, second);
        assert_eq!([first.copy(), second], drawn(1, 5));
        assert_ne!(first, drawn(1, 6)[0]);
        assert_ne!(first, drawn(2, 5)[0]);
    }
}
