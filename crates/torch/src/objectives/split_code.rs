//! A split code: one part of the features is contrasted along time, the other part with other
//! sequences.
//!
//! Contrast along time keeps what changes within a sequence, and contrast between sequences keeps
//! what stays the same. A cue that is constant over a sequence, such as fixed noise, reduces the
//! second loss at once. Therefore its weight is 0 until the first loss has left chance.

use tch::{Kind, Tensor};

use super::info_nce::info_nce;
use super::trajectory_contrast::trajectory_contrast;

/// The options of the contrast of a split code.
#[derive(Clone, Copy, Debug)]
pub struct SplitCode {
    /// The last features of a code, which are contrasted with other sequences.
    pub slow: i64,
    /// Divides rows by their norms, within each part.
    pub normalize: bool,
    /// The temperature along time, and that between sequences.
    pub temperatures: [f64; 2],
    /// The distance in nats from chance at which the contrast between sequences has its whole
    /// weight; 0 gives it the whole weight always.
    pub gate: f64,
}

/// The losses of a split code, scalars.
pub struct SplitLosses {
    /// The cross-entropy of matching the steps of a sequence, by the first features.
    pub time: Tensor,
    /// The cross-entropy of matching sequences, by the last features, times the gate.
    pub sequences: Tensor,
}

impl SplitCode {
    /// The losses of predictions and frames `[T, B, D]` of the same steps. Step 0 is not predicted:
    /// its frame is a negative along time, and is not contrasted between sequences.
    ///
    /// # Panics
    /// If the slow features are not fewer than D.
    pub fn losses(&self, predictions: &Tensor, frames: &Tensor) -> SplitLosses {
        let (steps, _, width) = frames.size3().expect("codes are [T, B, D]");
        let fast = width - self.slow;
        let fast_of = |x: &Tensor| x.narrow(2, 0, fast);
        let slow_of = |x: &Tensor| x.narrow(0, 1, steps - 1).narrow(2, fast, self.slow);
        let [along, between] = self.temperatures;
        let time = trajectory_contrast(&fast_of(predictions), &fast_of(frames), self.normalize, along);
        let sequences = info_nce(&slow_of(predictions), &slow_of(frames), self.normalize, between);
        SplitLosses { sequences: sequences * self.openness(&time, steps), time }
    }

    /// (ln T - `time`) / gate between 0 and 1, without gradient: 0 at chance.
    fn openness(&self, time: &Tensor, steps: i64) -> Tensor {
        let time = time.detach().to_kind(Kind::Float);
        match self.gate > 0.0 {
            true => ((-time + (steps as f64).ln()) / self.gate).clamp(0.0, 1.0),
            false => time.ones_like(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;

    const SPLIT: SplitCode = SplitCode { slow: 2, normalize: true, temperatures: [0.3, 0.5], gate: 0.8 };

    fn value(x: &Tensor) -> f64 {
        x.double_value(&[])
    }

    #[test]
    fn each_part_has_its_own_loss_and_no_gradient_of_the_other() {
        let draws = Draws::new(1);
        let (predictions, frames) = (draws.floats([4, 3, 5]), draws.floats([4, 3, 5]));
        let frames = frames.set_requires_grad(true);
        let losses = SplitCode { gate: 0.0, ..SPLIT }.losses(&predictions, &frames);
        let along = |x: &Tensor| x.narrow(2, 0, 3);
        let expected = trajectory_contrast(&along(&predictions), &along(&frames), true, 0.3);
        assert!((value(&losses.time) - value(&expected)).abs() < 1e-6);
        let between = |x: &Tensor| x.narrow(0, 1, 3).narrow(2, 3, 2);
        let expected = info_nce(&between(&predictions), &between(&frames), true, 0.5);
        assert!((value(&losses.sequences) - value(&expected)).abs() < 1e-6);
        losses.sequences.backward();
        let gradient = frames.grad();
        assert_eq!(value(&along(&gradient).abs().max()), 0.0);
        assert!(value(&between(&gradient).abs().max()) > 0.0);
    }

    #[test]
    fn sequences_count_only_once_steps_are_told_apart() {
        // The first three features are the same in all steps: the loss along time is at chance.
        let draws = Draws::new(2);
        let (slow, constant) = (draws.floats([4, 3, 2]), draws.floats([1, 3, 3]).repeat([4, 1, 1]));
        let frames = Tensor::cat(&[&constant, &slow], 2);
        let losses = SPLIT.losses(&frames, &frames);
        assert!((value(&losses.time) - 4f64.ln()).abs() < 1e-5);
        assert!(value(&losses.sequences) < 1e-4);
        // Orthogonal steps, told apart at once.
        let steps = Tensor::eye(4, (Kind::Float, tch::Device::Cpu)).unsqueeze(1).repeat([1, 3, 1]);
        let frames = Tensor::cat(&[&steps, &slow], 2);
        let open = SPLIT.losses(&frames, &frames);
        let whole = SplitCode { gate: 0.0, ..SPLIT }.losses(&frames, &frames);
        assert!(4f64.ln() - value(&open.time) > 0.8, "{}", value(&open.time));
        assert_eq!(value(&open.sequences), value(&whole.sequences));
    }
}
