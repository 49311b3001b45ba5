//! Ordered pairs of operations that follow one another in unseen problems alone.

use std::collections::HashSet;

use umwelt_base::random::Stream;

use super::operation::Operation;

/// The seed of the choice, the same in all runs.
const SEED: u64 = 1234;
const COUNT: usize = 80;

/// The pairs, by the places of both operations among all.
#[derive(Clone, Debug)]
pub struct HeldOut {
    operations: Vec<Operation>,
    pairs: HashSet<(usize, usize)>,
}

impl HeldOut {
    pub fn new() -> Self {
        let operations = Operation::all();
        let count = operations.len();
        let mut pairs: Vec<(usize, usize)> =
            (0..count).flat_map(|first| (0..count).map(move |second| (first, second))).collect();
        Stream::new(SEED, "chainmath held-out pairs").at(&[]).shuffle(&mut pairs);
        Self { operations, pairs: pairs.into_iter().take(COUNT).collect() }
    }

    /// True if one of the pairs is in the chain.
    pub fn occurs(&self, chain: &[Operation]) -> bool {
        let place = |operation: &Operation| self.operations.iter().position(|known| known == operation);
        chain.windows(2).any(|pair| match (place(&pair[0]), place(&pair[1])) {
            (Some(first), Some(second)) => self.pairs.contains(&(first, second)),
            _ => false,
        })
    }
}
