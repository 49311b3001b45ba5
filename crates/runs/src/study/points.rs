//! Points of a study: runs that differ only in their seed, and their means.

use std::collections::BTreeSet;

use super::keys::{self, Key};
use super::run::{Outcome, StudyRun};

/// Runs of equal settings, as indices into the study's.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// For each key the index of the point's value in [`Key::values`].
    pub ranks: Vec<usize>,
    pub runs: Vec<usize>,
    /// The finished runs, one for each seed.
    pub counted: Vec<usize>,
    /// Finished runs with the settings and seed of a counted run, each with that run.
    pub repeated: Vec<(usize, usize)>,
    /// The number of seeds that the sweep has for a point.
    pub planned: usize,
}

/// The mean of a point over its seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub mean: f64,
    /// The standard deviation of a sample (with n - 1); NaN for a single value.
    pub deviation: f64,
    pub count: usize,
}

/// The points of `runs`, in the order in which they are first met.
pub fn of(runs: &[StudyRun], keys: &[Key]) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let ranks: Vec<usize> = keys.iter().map(|key| key.rank(keys::value(run, &key.name))).collect();
        match points.iter_mut().find(|point| point.ranks == ranks) {
            Some(point) => point.runs.push(index),
            None => points.push(Point { ranks, runs: vec![index], ..Point::empty() }),
        }
    }
    let planned = points.iter().map(|point| point.seeds(runs).len()).max().unwrap_or(0);
    for point in &mut points {
        point.planned = planned;
        point.count(runs);
    }
    points
}

impl Point {
    fn empty() -> Self {
        Self { ranks: Vec::new(), runs: Vec::new(), counted: Vec::new(), repeated: Vec::new(), planned: 0 }
    }

    /// The seeds of all runs of the point.
    pub fn seeds<'a>(&self, runs: &'a [StudyRun]) -> BTreeSet<Option<&'a str>> {
        self.runs.iter().map(|&run| runs[run].seed.as_deref()).collect()
    }

    fn count(&mut self, runs: &[StudyRun]) {
        for &index in self.runs.iter().filter(|&&run| runs[run].outcome == Outcome::Finished) {
            match self.counted.iter().find(|&&counted| runs[counted].seed == runs[index].seed) {
                Some(&first) => self.repeated.push((index, first)),
                None => self.counted.push(index),
            }
        }
    }

    /// The finite values of a score.
    pub fn scores(&self, runs: &[StudyRun], name: &str) -> Vec<f64> {
        let scores = self.counted.iter().filter_map(|&run| runs[run].scores.get(name).copied());
        scores.filter(|score| score.is_finite()).collect()
    }

    /// Mean and deviation of a score; `None` without any finite value.
    pub fn summary(&self, runs: &[StudyRun], name: &str) -> Option<Summary> {
        summary(&self.scores(runs, name))
    }
}

fn summary(values: &[f64]) -> Option<Summary> {
    let count = values.len();
    let mean = values.iter().sum::<f64>() / count as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = if count > 1 { (squares / (count - 1) as f64).sqrt() } else { f64::NAN };
    (count > 0).then_some(Summary { mean, deviation, count })
}

#[cfg(test)]
mod tests {
    use super::super::examples::run;
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        let four = summary(&[2.0, 4.0, 4.0, 6.0]).unwrap();
        assert_eq!((four.mean, four.count), (4.0, 4));
        assert!((four.deviation - (8.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!(summary(&[3.0]).unwrap().deviation.is_nan());
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn only_finished_runs_count_and_each_seed_once() {
        let seeded =
            |name: &str, seed: &str, score: f64| run(name, &[("k", "1")], Some(seed), &[("s", score)]);
        let mut runs = vec![
            seeded("a", "1", 2.0),
            seeded("b", "2", 4.0),
            seeded("again", "1", 99.0),
            seeded("c", "3", 50.0),
        ];
        runs[3].outcome = Outcome::Failed("why".into());
        let points = of(&runs, &keys::of(&runs));
        assert_eq!(points.len(), 1);
        assert_eq!(
            (points[0].planned, &points[0].counted, &points[0].repeated),
            (3, &vec![0, 1], &vec![(2, 0)])
        );
        assert_eq!(points[0].summary(&runs, "s").unwrap().mean, 3.0);
    }

    #[test]
    fn a_score_that_is_no_number_is_left_out() {
        let runs = [run("a", &[], Some("1"), &[("s", f64::NAN)]), run("b", &[], Some("2"), &[("s", 5.0)])];
        let points = of(&runs, &keys::of(&runs));
        assert_eq!(points[0].scores(&runs, "s"), [5.0]);
        assert_eq!(points[0].summary(&runs, "other"), None);
    }
}
