//! A place in the search space, and what is known about it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// The value, as YAML, of each dimension that applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Point(pub BTreeMap<String, String>);

impl Point {
    /// The value of a dimension, if it applies.
    pub fn get(&self, dimension: &str) -> Option<&str> {
        self.0.get(dimension).map(String::as_str)
    }
}

/// What is known about a trial that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The trial's index.
    pub index: usize,
    /// The trial's point.
    pub point: Point,
    /// How it went.
    pub outcome: Outcome,
}

/// How a trial went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It ended with this value of the metric; one that is not finite counts as broken.
    Scored(#[serde(deserialize_with = "or_nan")] f64),
    /// It broke.
    Failed,
    /// The early stopping rule ended it at this value.
    Stopped(#[serde(deserialize_with = "or_nan")] f64),
    /// It waits or runs.
    Pending,
}

/// JSON has null for what is not finite.
fn or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// What is known about a point: of its trials, one for each seed, together.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The point's index.
    pub index: usize,
    /// The point.
    pub point: &'a Point,
    /// The mean of the scores; nothing if a trial failed or was stopped, or if none has ended.
    pub score: Option<f64>,
    /// Whether a trial has ended, in whatever way.
    pub ended: bool,
}

/// What is known of each point, by index, given that a point has `seeds` trials.
pub(super) fn by_point(told: &[Told], seeds: usize) -> Vec<Observed<'_>> {
    let mut points: BTreeMap<usize, Vec<&Told>> = BTreeMap::new();
    for one in told {
        points.entry(one.index / seeds).or_default().push(one);
    }
    points.into_iter().map(|(index, trials)| observe(index, &trials)).collect()
}

fn observe<'a>(index: usize, trials: &[&'a Told]) -> Observed<'a> {
    let mut scores = Vec::new();
    let mut bad = false;
    for trial in trials {
        match trial.outcome {
            Outcome::Scored(value) if value.is_finite() => scores.push(value),
            Outcome::Pending => {}
            Outcome::Scored(_) | Outcome::Failed | Outcome::Stopped(_) => bad = true,
        }
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let score = (!bad && !scores.is_empty()).then_some(mean);
    Observed { index, point: &trials[0].point, score, ended: bad || !scores.is_empty() }
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
        let told =
            |(index, outcome): (usize, &Outcome)| Told { index, point: Point::default(), outcome: *outcome };
        let mut told: Vec<Told> = outcomes.iter().enumerate().map(told).collect();
        told.push(Told { index: 8, point: Point::default(), outcome: Stopped(0.1) });
        let seen: Vec<_> =
            by_point(&told, 2).iter().map(|seen| (seen.index, seen.score, seen.ended)).collect();
        let expected =
            [(0, Some(2.5), true), (1, Some(2.0), true), (2, None, true), (3, None, false), (4, None, true)];
        assert_eq!(seen, expected);
    }
}
