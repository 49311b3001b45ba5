//! The numbers of a channel on a split.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The numbers of a channel on a split, means over problems.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    /// The problems that were solved, by their first sample.
    pub right: Vec<bool>,
    /// Positions of the message in the receiver's text.
    pub positions: f64,
    pub bytes: f64,
    /// Steps that the sender took.
    pub sender_steps: f64,
    /// Turns of the receiver.
    pub turns: f64,
    /// Tokens that the receiver wrote.
    pub written: f64,
    /// Cross-entropy of the reference answer (nats), the mean over its positions.
    pub cross_entropy: f64,
    /// Divergence of the receiver's distributions from those with the message of another problem
    /// (bits).
    pub js_bits: f64,
    /// The share of problems of which most samples have the right answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub majority: Option<f64>,
    /// The probabilities that one sample, and that one of all, solves a problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<[f64; 2]>,
    /// Solved problems and all, by group.
    pub groups: BTreeMap<String, (usize, usize)>,
    /// Solved problems and all, by subject, where a task has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subjects: BTreeMap<String, (usize, usize)>,
}

impl Tested {
    pub fn solved(&self) -> usize {
        self.right.iter().filter(|right| **right).count()
    }

    /// The share of solved problems.
    pub fn share(&self) -> f64 {
        self.solved() as f64 / self.right.len().max(1) as f64
    }
}

/// The probability that one of `k` samples is right, of `n` of which `right` are: the unbiased
/// estimate 1 - C(n - right, k) / C(n, k) (Chen et al., arXiv 2107.03374).
pub fn pass_at(k: usize, n: usize, right: usize) -> f64 {
    if n - right < k {
        return 1.0;
    }
    1.0 - (n - right + 1..=n).map(|m| 1.0 - k as f64 / m as f64).product::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_passes_as_often_as_subsets_of_its_samples_have_a_right_one() {
        // Every subset of 6 samples, of which the first ones are right.
        for right in 0..=6usize {
            for k in 1..=6 {
                let subsets = (0u32..64).filter(|set| set.count_ones() as usize == k);
                let all: Vec<u32> = subsets.collect();
                let with = all.iter().filter(|set| *set & ((1u32 << right) - 1) != 0).count();
                let expected = with as f64 / all.len() as f64;
                assert!((pass_at(k, 6, right) - expected).abs() < 1e-12, "{right} {k}");
            }
        }
    }
}
