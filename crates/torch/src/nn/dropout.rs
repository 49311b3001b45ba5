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
    /// The place in the batch of the first sample.
    first: u64,
}

impl Dropout {
    /// Dropout with a probability from 0 to below 1.
    pub fn new(probability: f64) -> Self {
        let quantile = Tensor::from(1.0 - 2.0 * probability).erfinv() * std::f64::consts::SQRT_2;
        Self { probability, threshold: quantile.double_value(&[]) }
    }

    /// The masks of training step `step`.
    pub fn masks(&self, seed: u64, step: u64) -> Masks<'_> {
        Masks { dropout: self, stream: Stream::new(seed, "dropout"), step, drawn: Cell::new(0), first: 0 }
    }
}

impl Masks<'_> {
    /// The same masks for a part of the batch that begins with sample `first`.
    #[must_use]
    pub fn starting_at(self, first: u64) -> Self {
        Self { first, ..self }
    }

    /// Attention weights `[B, H, L, L]` of messages of these lengths under the next mask. The mask of
    /// a message follows from its length and its place in the batch, and from nothing else in it.
    pub fn apply_to_messages(&self, weights: &Tensor, lengths: &[i64]) -> Tensor {
        let draw = self.drawn.replace(self.drawn.get() + 1);
        let (_, heads, most, _) = weights.size4().expect("weights are [B, H, L, L]");
        let mask = |(place, length): (u64, &i64)| {
            let seed = self.stream.at(&[self.step, draw, place]).bits();
            let kept = native::normals(&[heads, *length, *length], weights.device(), seed);
            let kept = kept.lt(self.dropout.threshold).to_kind(weights.kind());
            kept.constant_pad_nd([0, most - length, 0, most - length])
        };
        let masks: Vec<Tensor> = (self.first..).zip(lengths).map(mask).collect();
        weights * Tensor::stack(&masks, 0) / (1.0 - self.dropout.probability)
    }

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
    fn the_mask_of_a_message_depends_on_nothing_else_in_its_batch() {
        let dropout = Dropout::new(0.5);
        let ones = |batch: i64, most: i64| Tensor::ones([batch, 2, most, most], (Kind::Float, Device::Cpu));
        let whole = dropout.masks(1, 7).apply_to_messages(&ones(3, 9), &[4, 9, 6]);
        let share = whole.get(1).eq(0.0).to_kind(Kind::Float).mean(Kind::Float).double_value(&[]);
        assert!((share - 0.5).abs() < 5.0 * (0.25f64 / 162.0).sqrt(), "{share}");
        let part = dropout.masks(1, 7).starting_at(2).apply_to_messages(&ones(1, 6), &[6]);
        assert_eq!(whole.get(2).narrow(1, 0, 6).narrow(2, 0, 6), part.get(0));
        assert_ne!(whole.get(0).narrow(1, 0, 4).narrow(2, 0, 4), part.get(0).narrow(1, 0, 4).narrow(2, 0, 4));
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
