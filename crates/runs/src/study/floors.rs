//! What can be had without learning: the floors of a condition's runs, and whether conditions share them.

use std::collections::BTreeMap;

use super::points::Point;
use super::{Study, StudyRun};

/// Floors below this part of the highest are too near 0 to compare with.
const MEANINGFUL: f64 = 1e-3;
/// Floors are estimated from drawn sequences: within this part of their value they are one.
const SAME: f64 = 0.05;

/// Names and values, in the order of the runs.
pub type Floors = Vec<(String, f64)>;

impl Study {
    /// The mean floors of some points' finished runs.
    pub(super) fn floors(&self, points: &[Point]) -> Floors {
        mean(self.finished(points).map(|run| run.floors.as_slice()))
    }

    /// Whether all of some points' finished runs have the same floors.
    pub(super) fn share_floors(&self, points: &[Point]) -> bool {
        let mut ranges: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (name, value) in self.finished(points).flat_map(|run| &run.floors) {
            let (low, high) = ranges.entry(name).or_insert((*value, *value));
            (*low, *high) = (low.min(*value), high.max(*value));
        }
        let meaningful = ranges.values().map(|range| MEANINGFUL * range.1.abs()).fold(0.0, f64::max);
        ranges.values().all(|(low, high)| high - low <= (SAME * high.abs()).max(meaningful))
    }

    fn finished(&self, points: &[Point]) -> impl Iterator<Item = &StudyRun> {
        points.iter().flat_map(|point| &point.counted).map(|&run| &self.runs[run])
    }
}

fn mean<'a>(runs: impl Iterator<Item = &'a [(String, f64)]>) -> Floors {
    let mut sums: Vec<(&str, f64, f64)> = Vec::new();
    for (name, value) in runs.flatten().filter(|floor| floor.1.is_finite()) {
        match sums.iter_mut().find(|sum| sum.0 == name) {
            Some((_, sum, count)) => (*sum, *count) = (*sum + value, *count + 1.0),
            None => sums.push((name, *value, 1.0)),
        }
    }
    let means: Floors = sums.into_iter().map(|(name, sum, count)| (name.to_owned(), sum / count)).collect();
    let highest = means.iter().map(|floor| floor.1.abs()).fold(0.0, f64::max);
    means.into_iter().filter(|floor| floor.1.abs() > MEANINGFUL * highest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_are_averaged_and_the_simulator_is_dropped() {
        let floor = |name: &str, value: f64| (name.to_owned(), value);
        let first = [floor("simulator", 1e-6), floor("copy", 5.0)];
        let second =
            [floor("simulator", 3e-6), floor("copy", 6.0), floor("centre", 9.0), floor("odd", f64::NAN)];
        let runs: [&[(String, f64)]; 2] = [&first, &second];
        assert_eq!(mean(runs.into_iter()), [floor("copy", 5.5), floor("centre", 9.0)]);
        assert!(mean(std::iter::empty()).is_empty());
    }
}
