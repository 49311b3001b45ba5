//! Asynchronous successive halving (Li et al., *A System for Massively Parallel Hyperparameter Tuning*, 2020) in its
//! stopping form: a run is judged once at each rung, against those that came there before it.

use serde::{Deserialize, Serialize};

use crate::Goal;

/// The rule: rungs at `min_epochs * eta^k` epochs, at each of which the best `1/eta` go on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asha {
    /// Epochs to the first rung, above 0.
    pub min_epochs: f64,
    /// One in `eta` goes on, and has `eta` times as many epochs until the next rung; above 1.
    pub eta: f64,
    /// Which values are good.
    pub goal: Goal,
}

/// What the rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Train on.
    GoOn,
    /// End the run.
    Stop {
        /// The rung, from 0.
        rung: u32,
        /// The run's place among those that came to the rung so far, from 1.
        rank: usize,
        /// How many came to the rung so far, the run included.
        of: usize,
    },
}

impl Asha {
    /// The highest rung that a run has reached after so many epochs, if any.
    pub fn rung(&self, epoch: f64) -> Option<u32> {
        let reached = |rung: &u32| epoch >= self.epochs(*rung) * (1.0 - 1e-9);
        (0..64).take_while(reached).last()
    }

    /// Epochs to a rung.
    pub fn epochs(&self, rung: u32) -> f64 {
        self.min_epochs * self.eta.powi(rung.cast_signed())
    }

    /// Judges `value` against those that came to the rung `before`; a tie goes to the earlier run.
    ///
    /// What is not finite is worst, and never goes on.
    pub fn judge(&self, rung: u32, value: f64, before: &[f64]) -> Verdict {
        let loss = |value: f64| if value.is_finite() { self.goal.loss(value) } else { f64::INFINITY };
        let of = before.len() + 1;
        let rank = 1 + before.iter().filter(|other| loss(**other) <= loss(value)).count();
        let places = ((of as f64 / self.eta) as usize).max(1);
        if rank <= places && value.is_finite() { Verdict::GoOn } else { Verdict::Stop { rung, rank, of } }
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
        assert_eq!(RULE.judge(0, 5.0, &[]), Verdict::GoOn);
        assert_eq!(RULE.judge(0, 6.0, &[5.0]), stop(2, 2));
        assert_eq!(RULE.judge(0, 4.0, &[5.0]), Verdict::GoOn);
        let before = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(RULE.judge(0, 1.5, &before), Verdict::GoOn);
        assert_eq!(RULE.judge(0, 2.5, &before), stop(3, 6));
        assert_eq!(RULE.judge(0, 1.0, &before[..2]), stop(2, 3), "a tie goes to the earlier");
    }

    #[test]
    fn high_values_are_good_if_they_are_the_goal() {
        let rule = Asha { goal: Goal::Maximize, ..RULE };
        assert_eq!(rule.judge(0, 2.0, &[1.0]), Verdict::GoOn);
        assert_eq!(rule.judge(0, 0.5, &[1.0]), Verdict::Stop { rung: 0, rank: 2, of: 2 });
    }

    #[test]
    fn what_is_not_finite_is_worst() {
        assert_eq!(RULE.judge(0, f64::NAN, &[]), Verdict::Stop { rung: 0, rank: 1, of: 1 });
        assert_eq!(RULE.judge(0, 9.0, &[f64::NAN, f64::INFINITY]), Verdict::GoOn);
    }
}
