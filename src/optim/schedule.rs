//! Learning rates as a function of the step.

use std::f64::consts::PI;

/// The fraction of the base rate that annealing ends at.
const END: f64 = 0.001;

/// Linear warm-up from 0, then a cosine down to a thousandth of the base rate (Sobal et al., arXiv 2211.10831).
#[derive(Clone, Copy, Debug)]
pub struct Cosine {
    base: f64,
    warm_up: f64,
    total: f64,
    offset: u64,
}

impl Cosine {
    /// `base_lr` is meant for a batch of 256 and scaled with `batch_size`. Warm-up takes ten epochs, or half of fewer.
    pub fn new(base_lr: f64, batch_size: usize, epochs: usize, steps_per_epoch: usize) -> Self {
        let warm_up_epochs = (epochs as f64 / 2.0).min(10.0);
        Self {
            base: base_lr * batch_size as f64 / 256.0,
            warm_up: warm_up_epochs * steps_per_epoch as f64,
            total: (epochs * steps_per_epoch) as f64,
            offset: if epochs > 10 { steps_per_epoch as u64 } else { 1 },
        }
    }

    /// The rate of training step `step`, counted from 0. The published code counts its epochs from 1, so that warm-up
    /// begins after an epoch's worth of steps and the last epoch overshoots the cosine. This is kept but for ten epochs
    /// or fewer, which the published code cannot run and which the overshoot would carry back up.
    pub fn rate(&self, step: u64) -> f64 {
        self.at((step + self.offset) as f64)
    }

    fn at(&self, step: f64) -> f64 {
        if step < self.warm_up {
            return self.base * step / self.warm_up;
        }
        let progress = (step - self.warm_up) / (self.total - self.warm_up);
        let kept = 0.5 * (1.0 + (PI * progress).cos());
        self.base * (kept + END * (1.0 - kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_of_ten_epochs_or_fewer_warms_up_for_half_of_it() {
        for epochs in [1, 2, 7, 10] {
            let schedule = Cosine::new(0.2, 256, epochs, 10);
            let rates: Vec<f64> = (0..10 * epochs as u64).map(|step| schedule.rate(step)).collect();
            assert!(rates.iter().all(|rate| *rate > 0.0 && *rate <= 0.2 && rate.is_finite()), "{rates:?}");
        }
        let schedule = Cosine::new(0.2, 128, 4, 10);
        assert_eq!(schedule.at(20.0), 0.1);
        assert!((schedule.rate(39) - 0.0001).abs() < 1e-12);
        assert_eq!(schedule.at(10.0), 0.05);
        assert!((schedule.at(30.0) - 0.1 * (0.5 + 0.0005)).abs() < 1e-12);
    }
}
