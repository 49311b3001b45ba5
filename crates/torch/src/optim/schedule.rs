//! Learning-rate schedules.

use std::f64::consts::PI;

use super::{Cycle, LrSchedule, Rates};

/// The share of a one-cycle run in which the learning rate rises.
const RISE: f64 = 0.3;
/// The ratio of the peak to the first learning rate of a one-cycle run.
const FIRST: f64 = 25.0;
/// The ratio of the first to the last learning rate of a one-cycle run.
const LAST: f64 = 1e4;

/// The learning rate as a function of the step.
#[derive(Clone, Copy, Debug)]
pub enum Schedule {
    Cosine(Cosine),
    OneCycle { peak: f64, steps: f64 },
    Cycle { cycle: Cycle, steps: f64 },
    Stepwise { lr: f64, factor: f64, steps: u64 },
    Constant { lr: f64, decay_step: Option<u64> },
}

impl Schedule {
    /// The schedule of a run of `epochs` epochs.
    pub fn new(schedule: LrSchedule, batch_size: usize, epochs: usize, steps_per_epoch: usize) -> Self {
        match schedule {
            LrSchedule::Cosine { base_lr } => {
                Self::Cosine(Cosine::new(base_lr, batch_size, epochs, steps_per_epoch))
            }
            LrSchedule::OneCycle { peak } => {
                Self::OneCycle { peak, steps: (epochs * steps_per_epoch) as f64 }
            }
            LrSchedule::Cycle(cycle) => Self::Cycle { cycle, steps: (epochs * steps_per_epoch) as f64 },
            LrSchedule::Stepwise { lr, factor, epochs } => {
                Self::Stepwise { lr, factor, steps: epochs.saturating_mul(steps_per_epoch).max(1) as u64 }
            }
            LrSchedule::Constant { lr, decay_epoch } => Self::Constant {
                lr,
                decay_step: decay_epoch.map(|epoch| epoch.saturating_mul(steps_per_epoch) as u64),
            },
        }
    }

    /// The learning rate of training step `step`, counted from 0.
    pub fn lr(&self, step: u64) -> f64 {
        self.rates(step).lr
    }

    /// The learning rate and `beta1` of training step `step`, counted from 0.
    pub fn rates(&self, step: u64) -> Rates {
        let lr = match *self {
            Self::Cosine(cosine) => cosine.lr(step),
            Self::OneCycle { peak, steps } => one_cycle(peak, (step as f64 + 1.0) / steps),
            Self::Cycle { cycle, steps } => return cycle.rates(step as f64, steps),
            Self::Stepwise { lr, factor, steps } => lr * factor.powf((step / steps) as f64),
            Self::Constant { lr, decay_step } => {
                if decay_step.is_some_and(|decay| step >= decay) {
                    lr / 10.0
                } else {
                    lr
                }
            }
        };
        Rates::constant(lr)
    }
}

impl Cycle {
    /// The rates of `step` in a run of `steps`.
    fn rates(&self, step: f64, steps: f64) -> Rates {
        let (top, end) = (self.rise * steps - 1.0, steps - 1.0);
        let (at_peak, at_ends) = self.beta1;
        let [(from, beta_from), (to, beta_to)] = match step <= top {
            true => [(self.first, at_ends), (self.peak, at_peak)],
            false => [(self.peak, at_peak), (self.last, at_ends)],
        };
        let share = if step <= top { step / top } else { (step - top) / (end - top) };
        // A run of a step or two has no rise or no fall.
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 };
        Rates { lr: cosine(from, to, share), beta1: Some(cosine(beta_from, beta_to, share)) }
    }
}

/// The value after a share of half a cosine between two values.
fn cosine(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * share).cos())
}

/// The learning rate after a share `progress` in (0, 1] of a run: half a cosine up to `peak`, and
/// another down (Smith and Topin, *Super-convergence*, arXiv 1708.07120).
fn one_cycle(peak: f64, progress: f64) -> f64 {
    match progress < RISE {
        true => cosine(peak / FIRST, peak, progress / RISE),
        false => cosine(peak, peak / FIRST / LAST, (progress - RISE) / (1.0 - RISE)),
    }
}

/// The fraction of the base learning rate at the end of the cosine.
const END: f64 = 0.001;

/// Linear warm-up from 0, then a cosine down to a thousandth of the base learning rate (Sobal et
/// al., arXiv 2211.10831).
#[derive(Clone, Copy, Debug)]
pub struct Cosine {
    base: f64,
    warm_up: f64,
    total: f64,
    offset: u64,
}

impl Cosine {
    /// The schedule for `base_lr` at batch size 256, which is scaled to `batch_size`. Warm-up takes
    /// ten epochs, or half the run if that is shorter.
    pub fn new(base_lr: f64, batch_size: usize, epochs: usize, steps_per_epoch: usize) -> Self {
        let warm_up_epochs = (epochs as f64 / 2.0).min(10.0);
        Self {
            base: base_lr * batch_size as f64 / 256.0,
            warm_up: warm_up_epochs * steps_per_epoch as f64,
            total: (epochs * steps_per_epoch) as f64,
            offset: if epochs > 10 { steps_per_epoch as u64 } else { 1 },
        }
    }

    /// The learning rate of training step `step`, counted from 0.
    ///
    /// The published code counts epochs from 1: it skips the first epoch of the warm-up and
    /// overshoots the cosine in the last epoch. Runs of more than ten epochs do the same. Shorter
    /// runs, which the published code cannot make, start at the first step of the warm-up.
    pub fn lr(&self, step: u64) -> f64 {
        self.at((step + self.offset) as f64)
    }

    fn at(&self, step: f64) -> f64 {
        if step < self.warm_up {
            return self.base * step / self.warm_up;
        }
        let progress = (step - self.warm_up) / (self.total - self.warm_up);
        let cosine = 0.5 * (1.0 + (PI * progress).cos());
        self.base * (cosine + END * (1.0 - cosine))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cycle_rises_to_its_peak_and_falls_to_almost_nothing() {
        let schedule = Schedule::new(LrSchedule::OneCycle { peak: 2.0 }, 128, 4, 25);
        let near = |step: u64, expected: f64| assert!((schedule.lr(step) / expected - 1.0).abs() < 1e-9);
        near(29, 2.0);
        near(14, (0.08 + 2.0) / 2.0); // half way up
        near(64, (2.0 + 8e-6) / 2.0); // half way down
        near(99, 8e-6);
    }

    #[test]
    fn a_constant_rate_is_divided_by_ten_from_its_epoch_on() {
        let rates = |decay_epoch| {
            let schedule = Schedule::new(LrSchedule::Constant { lr: 0.5, decay_epoch }, 128, 9, 3);
            [0, 5, 6, 26].map(|step| schedule.lr(step))
        };
        assert_eq!(rates(None), [0.5; 4]);
        assert_eq!(rates(Some(2)), [0.5, 0.5, 0.05, 0.05]);
    }

    #[test]
    fn a_stepwise_rate_falls_by_its_factor_after_every_few_epochs() {
        let schedule = LrSchedule::Stepwise { lr: 2.0, factor: 0.5, epochs: 4 };
        let schedule = Schedule::new(schedule, 128, 9, 3);
        assert_eq!([0, 11, 12, 23, 24].map(|step| schedule.lr(step)), [2.0, 2.0, 1.0, 1.0, 0.5]);
    }

    #[test]
    fn a_budget_of_ten_epochs_or_fewer_warms_up_for_half_of_it() {
        for epochs in [1, 2, 7, 10] {
            let schedule = Cosine::new(0.2, 256, epochs, 10);
            let rates: Vec<f64> = (0..10 * epochs as u64).map(|step| schedule.lr(step)).collect();
            assert!(rates.iter().all(|rate| *rate > 0.0 && *rate <= 0.2 && rate.is_finite()), "{rates:?}");
        }
        let schedule = Cosine::new(0.2, 128, 4, 10);
        assert_eq!(schedule.at(20.0), 0.1);
        assert!((schedule.lr(39) - 0.0001).abs() < 1e-12);
        assert_eq!(schedule.at(10.0), 0.05);
        assert!((schedule.at(30.0) - 0.1 * (0.5 + 0.0005)).abs() < 1e-12);
    }
}
