//! Points of the search space, and the results of their trials.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// A point of the search space: the value, as YAML, of each dimension that applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Point(pub BTreeMap<String, String>);

impl Point {
    /// The value of a dimension, if it applies.
    pub fn get(&self, dimension: &str) -> Option<&str> {
        self.0.get(dimension).map(String::as_str)
    }
}

/// The result of a trial, as the sampler sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialResult {
    /// The trial's index.
    pub index: usize,
    /// The trial's point.
    pub point: Point,
    /// The outcome so far.
    pub outcome: Outcome,
}

/// The outcome of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Finished with this value of the metric; a value that is not finite counts as failed.
    Scored(#[serde(deserialize_with = "or_nan")] f64),
    /// Failed.
    Failed,
    /// Stopped early at this value of the metric.
    Stopped(#[serde(deserialize_with = "or_nan")] f64),
    /// Waiting or running.
    Pending,
}

/// Reads null, JSON's form of NaN and infinity, as NaN.
fn or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// The results of a point's trials, one for each seed, taken together.
#[derive(Clone, Debug)]
pub struct PointHistory<'a> {
    /// The point's index.
    pub index: usize,
    /// The point.
    pub point: &'a Point,
    /// The mean score, or `None` if a trial failed, a trial was stopped, or no trial has ended.
    pub score: Option<f64>,
    /// True if a trial has ended, in any way.
    pub ended: bool,
}

/// The history of each point, by index, for `seeds` trials a point.
pub(super) fn by_point(results: &[TrialResult], seeds: usize) -> Vec<PointHistory<'_>> {
    let mut points: BTreeMap<usize, Vec<&TrialResult>> = BTreeMap::new();
    for result in results {
        points.entry(result.index / seeds).or_default().push(result);
    }
    points.into_iter().map(|(index, results)| PointHistory::new(index, &results)).collect()
}

impl<'a> PointHistory<'a> {
    fn new(index: usize, results: &[&'a TrialResult]) -> Self {
        let mut scores = Vec::new();
        let mut bad = false;
        for result in results {
            match result.outcome {
                Outcome::Scored(value) if value.is_finite() => scores.push(value),
                Outcome::Pending => {}
                Outcome::Scored(_) | Outcome::Failed | Outcome::Stopped(_) => bad = true,
            }
        }
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let score = (!bad && !scores.is_empty()).then_some(mean);
        Self { index, point: &results[0].point, score, ended: bad || !scores.is_empty() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_survives_being_written_down_whatever_its_value() {
        let again = |outcome: Outcome| -> Outcome {
            serde_json::from_str(&serde_json::to_string(&outcome).unwrap()).unwrap()
        };
        for outcome in [Outcome::Scored(0.1), Outcome::Stopped(-2.5), Outcome::Failed, Outcome::Pending] {
            assert_eq!(again(outcome), outcome);
        }
        assert!(matches!(again(Outcome::Scored(f64::INFINITY)), Outcome::Scored(value) if value.is_nan()));
    }

    #[test]
    fn a_point_is_as_good_as_its_seeds_on_average_and_bad_if_one_is() {
        use Outcome::{Failed, Pending, Scored, Stopped};
        let outcomes =
            [Scored(1.0), Scored(4.0), Scored(2.0), Pending, Scored(1.0), Failed, Pending, Pending];
        let result = |(index, outcome)| TrialResult { index, point: Point::default(), outcome };
        let mut results: Vec<TrialResult> = outcomes.into_iter().enumerate().map(result).collect();
        results.push(TrialResult { index: 8, point: Point::default(), outcome: Stopped(0.1) });
        let seen: Vec<_> =
            by_point(&results, 2).iter().map(|seen| (seen.index, seen.score, seen.ended)).collect();
        let expected =
            [(0, Some(2.5), true), (1, Some(2.0), true), (2, None, true), (3, None, false), (4, None, true)];
        assert_eq!(seen, expected);
    }
}
