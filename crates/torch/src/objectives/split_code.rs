//! A split code: each part of the features has negatives of its own.
//!
//! Contrast along time keeps what changes within a sequence, and contrast between sequences keeps
//! what stays the same. A cue that is constant over a sequence, such as fixed noise, reduces the
//! second loss at once. Therefore its weight is 0 until the first loss has left chance.

use tch::{Kind, Reduction, Tensor};

use super::info_nce::info_nce;
use super::trajectory_contrast::trajectory_contrast;

/// The options of the contrast of a split code.
#[derive(Clone, Copy, Debug)]
pub struct SplitCode {
    /// The features behind the first ones, which are contrasted with other sequences.
    pub slow: i64,
    /// The features behind these, which are contrasted with other sequences apart from them; 0 for
    /// none.
    pub constant: i64,
    /// Divides rows by their norms, within each part.
    pub normalize: bool,
    /// The temperature along time, and those between sequences of the two other parts.
    pub temperatures: [f64; 3],
    /// The distance in nats of the loss along time from chance at which the other losses have their
    /// whole weight; 0 gives them the whole weight always.
    pub gate: f64,
}

/// The losses of a split code, scalars.
pub struct SplitLosses {
    /// The cross-entropy of matching the steps of a sequence, by the first features.
    pub time: Tensor,
    /// The cross-entropy of matching sequences, by the slow features, times the gate.
    pub slow: Tensor,
    /// The same by the constant features.
    pub constant: Option<Tensor>,
    /// The mean squared error of the predicted fast and slow features, times the gate.
    pub invariance: Tensor,
}

impl SplitCode {
    /// The losses of predictions and frames `[T, B, D]` of the same steps. Step 0 is not predicted:
    /// its frame is a negative along time, and is not contrasted between sequences.
    ///
    /// # Panics
    /// If the slow and constant features are not fewer than D.
    pub fn losses(&self, predictions: &Tensor, frames: &Tensor) -> SplitLosses {
        let (steps, _, width) = frames.size3().expect("codes are [T, B, D]");
        let fast = width - self.slow - self.constant;
        let [along, between_slow, between_constant] = self.temperatures;
        let first = |x: &Tensor| x.narrow(2, 0, fast);
        let time = trajectory_contrast(&first(predictions), &first(frames), self.normalize, along);
        let openness = self.openness(&time, steps);
        let later = |x: &Tensor, start: i64, count: i64| x.narrow(0, 1, steps - 1).narrow(2, start, count);
        let between = |start: i64, count: i64, temperature: f64| {
            let part = |x: &Tensor| later(x, start, count);
            info_nce(&part(predictions), &part(frames), self.normalize, temperature) * &openness
        };
        let predicted = |x: &Tensor| later(x, 0, fast + self.slow);
        SplitLosses {
            slow: between(fast, self.slow, between_slow),
            constant: (self.constant > 0).then(|| between(fast + self.slow, self.constant, between_constant)),
            invariance: predicted(predictions).mse_loss(&predicted(frames), Reduction::Mean) * &openness,
            time,
        }
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

    const SPLIT: SplitCode =
        SplitCode { slow: 2, constant: 0, normalize: true, temperatures: [0.3, 0.5, 0.9], gate: 0.8 };

    fn value(x: &Tensor) -> f64 {
        x.double_value(&[])
    }

    #[test]
    fn each_part_has_its_own_loss_and_no_gradient_of_the_others() {
        let draws = Draws::new(1);
        let (predictions, frames) = (draws.floats([4, 3, 7]), draws.floats([4, 3, 7]));
        let frames = frames.set_requires_grad(true);
        let losses = SplitCode { gate: 0.0, constant: 2, ..SPLIT }.losses(&predictions, &frames);
        let constant = losses.constant.as_ref().expect("a constant part");
        let along = |x: &Tensor| x.narrow(2, 0, 3);
        let expected = trajectory_contrast(&along(&predictions), &along(&frames), true, 0.3);
        assert!((value(&losses.time) - value(&expected)).abs() < 1e-6);
        for (loss, start, temperature) in [(&losses.slow, 3, 0.5), (constant, 5, 0.9)] {
            let between = |x: &Tensor| x.narrow(0, 1, 3).narrow(2, start, 2);
            let expected = info_nce(&between(&predictions), &between(&frames), true, temperature);
            assert!((value(loss) - value(&expected)).abs() < 1e-6);
            loss.backward();
            let mut gradient = frames.grad();
            assert!(value(&between(&gradient).abs().max()) > 0.0);
            let _ = gradient.narrow(2, start, 2).zero_();
            assert_eq!(value(&gradient.abs().max()), 0.0);
            let _ = gradient.zero_();
        }
        assert!(SPLIT.losses(&predictions, &frames).constant.is_none());
        let error = |x: &Tensor| x.narrow(0, 1, 3).narrow(2, 0, 5);
        let error = (error(&predictions) - error(&frames)).square().mean(Kind::Double);
        assert!((value(&losses.invariance) - value(&error)).abs() < 1e-6);
    }

    #[test]
    fn sequences_count_only_once_steps_are_told_apart() {
        // The first three features are the same in all steps: the loss along time is at chance.
        let draws = Draws::new(2);
        let (slow, constant) = (draws.floats([4, 3, 2]), draws.floats([1, 3, 3]).repeat([4, 1, 1]));
        let frames = Tensor::cat(&[&constant, &slow], 2);
        let losses = SPLIT.losses(&(&frames * 2.0), &frames);
        assert!((value(&losses.time) - 4f64.ln()).abs() < 1e-5);
        assert!(value(&losses.slow) < 1e-4 && value(&losses.invariance) < 1e-4);
        // Orthogonal steps, told apart at once.
        let steps = Tensor::eye(4, (Kind::Float, tch::Device::Cpu)).unsqueeze(1).repeat([1, 3, 1]);
        let frames = Tensor::cat(&[&steps, &slow], 2);
        let open = SPLIT.losses(&(&frames * 2.0), &frames);
        let whole = SplitCode { gate: 0.0, ..SPLIT }.losses(&(&frames * 2.0), &frames);
        assert!(4f64.ln() - value(&open.time) > 0.8, "{}", value(&open.time));
        assert_eq!(value(&open.slow), value(&whole.slow));
        assert!(value(&whole.invariance) > 0.1 && value(&open.invariance) == value(&whole.invariance));
    }
}
