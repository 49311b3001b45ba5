//! Asynchronous successive halving (Li et al., *A System for Massively Parallel Hyperparameter
//! Tuning*, 2020) in its stopping form: each rung compares a run once, with the earlier ones there.

use serde::{Deserialize, Serialize};

use crate::Goal;

/// The rule: rungs at `min_epochs * eta^k` epochs, at each of which the best `1/eta` continue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asha {
    /// The epochs to the first rung, above 0.
    pub min_epochs: f64,
    /// The ratio of runs that reach a rung to those that continue, and of the epochs of successive
    /// rungs; above 1.
    pub eta: f64,
    /// The direction of better values.
    pub goal: Goal,
}

/// The decision at a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Train on.
    Continue,
    /// End the run.
    Stop {
        /// The rung, from 0.
        rung: u32,
        /// The run's rank among the runs at the rung so far, from 1.
        rank: usize,
        /// The number of runs at the rung so far, this one included.
        of: usize,
    },
}

impl Asha {
    /// The highest rung reached after `epoch` epochs, if any.
    pub fn rung(&self, epoch: f64) -> Option<u32> {
        let reached = |rung: &u32| epoch >= self.epochs(*rung) * (1.0 - 1e-9);
        (0..64).take_while(reached).last()
    }

    /// The epochs to a rung.
    pub fn epochs(&self, rung: u32) -> f64 {
        self.min_epochs * self.eta.powi(rung.cast_signed())
    }

    /// The decision for `value` among the earlier values `before` at the rung. Ties favour earlier
    /// runs.
    ///
    /// A value that is not finite ranks last and always stops.
    pub fn decide(&self, rung: u32, value: f64, before: &[f64]) -> Verdict {
        let loss = |value: f64| if value.is_finite() { self.goal.loss(value) } else { f64::INFINITY };
        let of = before.len() + 1;
        let rank = 1 + before.iter().filter(|other| loss(**other) <= loss(value)).count();
        let places = ((of as f64 / self.eta) as usize).max(1);
        if rank <= places && value.is_finite() { Verdict::Continue } else { Verdict::Stop { rung, rank, of } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Asha = Asha { min_epochs: 2.0, eta: 3.0, goal: Goal::Minimize };

    #[test]
    fn rungs_lie_at_powers_of_eta() {
        let rungs = [1.9, 2.0, 5.0, 6.0, 17.0, 18.0, 54.0].map(|epoch| RULE.rung(epoch));
        assert_eq!(rungs, [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn the_best_third_goes_on() {
        let stop = |rank, of| Verdict::Stop { rung: 0, rank, of };
        assert_eq!(RULE.decide(0, 5.0, &[]), Verdict::Continue);
        assert_eq!(RULE.decide(0, 6.0, &[5.0]), stop(2, 2));
        assert_eq!(RULE.decide(0, 4.0, &[5.0]), Verdict::Continue);
        let before = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(RULE.decide(0, 1.5, &before), Verdict::Continue);
        assert_eq!(RULE.decide(0, 2.5, &before), stop(3, 6));
        assert_eq!(RULE.decide(0, 1.0, &before[..2]), stop(2, 3), "a tie goes to the earlier");
    }

    #[test]
    fn high_values_are_good_if_they_are_the_goal() {
        let rule = Asha { goal: Goal::Maximize, ..RULE };
        assert_eq!(rule.decide(0, 2.0, &[1.0]), Verdict::Continue);
        assert_eq!(rule.decide(0, 0.5, &[1.0]), Verdict::Stop { rung: 0, rank: 2, of: 2 });
    }

    #[test]
    fn what_is_not_finite_is_worst() {
        assert_eq!(RULE.decide(0, f64::NAN, &[]), Verdict::Stop { rung: 0, rank: 1, of: 1 });
        assert_eq!(RULE.decide(0, 9.0, &[f64::NAN, f64::INFINITY]), Verdict::Continue);
    }
}
