//! Counts of right classes beside those of the best blind guess.

use std::collections::HashMap;

/// Right answers to one question over many items.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    items: usize,
    right: usize,
    /// The number of items with each true class.
    frequencies: HashMap<i64, usize>,
}

impl Tally {
    /// Adds an item with its true class and the one that was found.
    pub fn add(&mut self, truth: i64, found: i64) {
        self.items += 1;
        self.right += usize::from(truth == found);
        *self.frequencies.entry(truth).or_default() += 1;
    }

    /// Right answers, in percent.
    pub fn accuracy(&self) -> f64 {
        self.percent(self.right)
    }

    /// The accuracy of always answering with the most frequent class, in percent.
    pub fn blind(&self) -> f64 {
        self.percent(self.frequencies.values().copied().max().unwrap_or(0))
    }

    fn percent(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.items as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blind_guess_is_the_most_frequent_class() {
        let mut tally = Tally::default();
        for (truth, found) in [(1, 1), (2, 1), (2, 2), (2, 0), (0, 0)] {
            tally.add(truth, found);
        }
        assert_eq!((tally.accuracy(), tally.blind()), (60.0, 60.0));
        tally.add(1, 1);
        assert!((tally.accuracy() - 400.0 / 6.0).abs() < 1e-9 && tally.blind() == 50.0);
    }
}
