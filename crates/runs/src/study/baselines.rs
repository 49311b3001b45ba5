//! The baselines of a score: means over runs, and their agreement between runs.

use std::collections::BTreeMap;

use super::points::Point;
use super::scores::StudyScore;
use super::{Study, StudyRun};
use crate::{Baseline, Goal};

/// The least baseline of an error as a part of the highest: below it are oracles, with errors of 0.
const MEANINGFUL: f64 = 1e-3;
/// The relative difference of equal baselines, which are estimates from drawn sequences.
pub const SAME: f64 = 0.05;

/// Names and values, in the order of the runs.
pub type Baselines = Vec<(String, f64)>;

impl Study {
    /// The mean baselines of a score over the finished runs of some points.
    pub(super) fn baselines(&self, points: &[Point], score: &StudyScore) -> Baselines {
        let baselines = self.finished(points).flat_map(|run| run.card.baselines_of(&score.name));
        mean(baselines, score.goal)
    }

    /// True if all finished runs of some points have the same baselines of a score.
    pub(super) fn share_baselines(&self, points: &[Point], score: &StudyScore) -> bool {
        let baselines = self.finished(points).flat_map(|run| run.card.baselines_of(&score.name));
        let ranges = ranges(baselines.map(|baseline| (&*baseline.name, baseline.value)));
        let meaningful = ranges.values().map(|range| MEANINGFUL * range.1.abs()).fold(0.0, f64::max);
        ranges.values().all(|(low, high)| high - low <= (SAME * high.abs()).max(meaningful))
    }

    fn finished(&self, points: &[Point]) -> impl Iterator<Item = &StudyRun> {
        points.iter().flat_map(|point| &point.counted).map(|&run| &self.runs[run])
    }
}

/// The lowest and the highest value of each name.
pub fn ranges<'a>(baselines: impl Iterator<Item = (&'a str, f64)>) -> BTreeMap<&'a str, (f64, f64)> {
    let mut ranges: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (name, value) in baselines {
        let (low, high) = ranges.entry(name).or_insert((value, value));
        (*low, *high) = (low.min(value), high.max(value));
    }
    ranges
}

fn mean<'a>(baselines: impl Iterator<Item = &'a Baseline>, goal: Goal) -> Baselines {
    let mut sums: Vec<(&str, f64, f64)> = Vec::new();
    for Baseline { name, value, .. } in baselines.filter(|baseline| baseline.value.is_finite()) {
        match sums.iter_mut().find(|sum| sum.0 == name) {
            Some((_, sum, count)) => (*sum, *count) = (*sum + value, *count + 1.0),
            None => sums.push((name, *value, 1.0)),
        }
    }
    let means: Baselines =
        sums.into_iter().map(|(name, sum, count)| (name.to_owned(), sum / count)).collect();
    let highest = means.iter().map(|baseline| baseline.1.abs()).fold(0.0, f64::max);
    let is_shown = |value: f64| goal == Goal::Maximize || value.abs() > MEANINGFUL * highest;
    means.into_iter().filter(|baseline| is_shown(baseline.1)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{baseline, run};
    use super::*;

    #[test]
    fn baselines_are_averaged_and_an_oracle_of_an_error_is_dropped() {
        let first = [baseline("simulator", 1e-6), baseline("copy", 5.0)];
        let second = [
            baseline("simulator", 3e-6),
            baseline("copy", 6.0),
            baseline("centre", 9.0),
            baseline("odd", f64::NAN),
        ];
        let means = |goal| mean(first.iter().chain(&second), goal);
        assert_eq!(means(Goal::Minimize), [("copy".to_owned(), 5.5), ("centre".to_owned(), 9.0)]);
        assert_eq!(means(Goal::Maximize).len(), 3, "of a score to maximise, 0 is a baseline like others");
        assert!(mean(std::iter::empty(), Goal::Minimize).is_empty());
    }

    #[test]
    fn each_score_has_its_own_baselines() {
        let mut two = run("a", &[], None, &[("apples", 5.0), ("ticks", 3.0)]);
        let of = |name: &str, value, of: &str| Baseline { name: name.into(), value, of: of.into() };
        two.card.baselines =
            vec![of("blind", 1.0, "apples"), of("blind", 9.0, "ticks"), of("still", 7.0, "ticks")];
        let study = Study::example(vec![two]);
        let named = |score: usize| study.baselines(&study.points, &study.scores[score]);
        assert_eq!(named(0), [("blind".to_owned(), 1.0)]);
        assert_eq!(named(1), [("blind".to_owned(), 9.0), ("still".to_owned(), 7.0)]);
        let table = study.table().to_string();
        let row = |name: &str| table.lines().find(|line| line.contains(name)).unwrap();
        let cells = |name: &str| row(name).split_whitespace().skip(2).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cells("baseline: blind"), ["1.00", "9.00"], "{table}");
        assert_eq!(cells("baseline: still"), ["7.00"], "{table}");
        let csv = study.csv();
        let mut lines = csv.lines();
        let heads = "run,state,detail,seed,apples,ticks,apples baseline: blind,ticks baseline: blind,\
                     ticks baseline: still";
        assert_eq!(lines.next(), Some(heads));
        assert_eq!(lines.next(), Some("a,finished,,,5,3,1,9,7"));
    }
}
