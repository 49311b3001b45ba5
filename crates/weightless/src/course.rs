//! The plan of a training: units of work that can be done in any number of calls.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use umwelt_base::random::Stream;

use crate::draws::permutation;

/// Progress through a plan over samples. The state of an agent after unit u is a function of its
/// settings, the samples and u alone, so a training that goes on from a file ends with the same
/// bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// The number of samples.
    pub samples: usize,
    /// Units of work done.
    pub done: u64,
    /// Units of work of the whole plan.
    pub total: u64,
    /// The number of plans that the agent had before.
    pub number: u64,
    /// The order of samples in the newest pass.
    #[serde(skip)]
    order: Option<(u64, Vec<u32>)>,
}

impl Course {
    /// A plan of `total` units over `samples`, the agent's plan `number`.
    pub fn new(samples: usize, total: u64, number: u64) -> Self {
        Self { samples, done: 0, total, number, order: None }
    }

    /// Whether all units are done.
    pub fn is_done(&self) -> bool {
        self.done >= self.total
    }

    /// The next at most `most` units.
    pub fn next(&self, most: u64) -> Range<u64> {
        self.done..self.total.min(self.done.saturating_add(most))
    }

    /// The sample at place `at` of a shuffled pass. A function of (seed, number, pass, at).
    pub fn sample(&mut self, seed: u64, pass: u64, at: u64) -> usize {
        if self.order.as_ref().is_none_or(|(known, _)| *known != pass) {
            let mut rng = Stream::new(seed, "samples").at(&[self.number, pass]);
            self.order = Some((pass, permutation(self.samples, &mut rng)));
        }
        self.order.as_ref().map_or(0, |(_, order)| order[at as usize] as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pass_shows_each_sample_once_in_another_order() {
        let mut course = Course::new(50, 100, 0);
        let mut pass = |pass| (0..50).map(|at| course.sample(7, pass, at)).collect::<Vec<_>>();
        let (first, second, again) = (pass(0), pass(1), pass(0));
        assert!(first == again && first != second);
        let mut sorted = second;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..50));
        assert_eq!((course.next(30), Course { done: 90, ..course.clone() }.next(30)), (0..30, 90..100));
    }
}
