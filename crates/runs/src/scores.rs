//! Score cards: the scores of a run, its baselines, and which scores it is about.
//!
//! A world writes the card into `evaluation.json`. The registry, sweeps, reports and trackers read
//! it and know no score, unit or baseline by name.

use std::cmp::Ordering;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::registry::open_beneath;
use crate::{EVALUATION, Record};

/// The direction in which a score improves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// Lower values.
    #[default]
    Minimize,
    /// Higher values.
    Maximize,
}

impl Goal {
    /// A number that is lower the better `value` is.
    pub fn loss(self, value: f64) -> f64 {
        match self {
            Self::Minimize => value,
            Self::Maximize => -value,
        }
    }

    /// True if `score` is better than `other`.
    pub fn better(self, score: f64, other: f64) -> bool {
        self.loss(score) < self.loss(other)
    }

    /// Better scores first, NaN last.
    pub fn order(self, a: f64, b: f64) -> Ordering {
        a.is_nan().cmp(&b.is_nan()).then(self.loss(a).total_cmp(&self.loss(b)))
    }

    /// The worst possible score.
    pub fn worst(self) -> f64 {
        self.loss(f64::INFINITY)
    }
}

/// A number that an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The name in `metrics.jsonl`, dotted: `prediction.rmse_px`.
    pub name: String,
    #[serde(deserialize_with = "number")]
    pub value: f64,
    /// The unit, such as `px`; empty for a number without one.
    pub unit: String,
    pub goal: Goal,
    /// The name for headings: `prediction RMSE`.
    pub title: String,
}

impl Score {
    /// A score of which lower values are better.
    pub fn lower(name: &str, value: f64, unit: &str, title: &str) -> Self {
        let (name, unit, title) = (name.into(), unit.into(), title.into());
        Self { name, value, unit, goal: Goal::Minimize, title }
    }

    /// A score of which higher values are better.
    pub fn higher(name: &str, value: f64, unit: &str, title: &str) -> Self {
        Self { goal: Goal::Maximize, ..Self::lower(name, value, unit, title) }
    }

    /// The title with the unit: `prediction RMSE (px)`.
    pub fn heading(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" ({})", self.unit) };
        format!("{}{unit}", self.title)
    }
}

/// The value that a score has without what is evaluated: an untrained guess, an average, an oracle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub name: String,
    #[serde(deserialize_with = "number")]
    pub value: f64,
    /// The name of the score that it is compared with.
    pub of: String,
}

/// The scores and baselines of one evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreCard {
    pub scores: Vec<Score>,
    pub baselines: Vec<Baseline>,
    /// The names of the scores that lists and reports show, the most important first.
    pub headline: Vec<String>,
}

impl ScoreCard {
    /// The card of the run folder `run`, if its last evaluation left one. A link is not followed.
    pub fn read(run: &Path) -> Option<Self> {
        let mut text = String::new();
        open_beneath(run, Path::new(EVALUATION)).ok()?.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// The score of this name.
    pub fn score(&self, name: &str) -> Option<&Score> {
        self.scores.iter().find(|score| score.name == name)
    }

    /// The scores of the headline.
    pub fn headlines(&self) -> impl Iterator<Item = &Score> {
        self.headline.iter().filter_map(|name| self.score(name))
    }

    /// The numbers of all scores by name.
    pub fn numbers(&self) -> Record {
        self.scores.iter().map(|score| (score.name.clone(), score.value.into())).collect()
    }

    /// The headline scores by heading, and the baselines of the first of them.
    pub fn comparison(&self) -> Vec<(String, f64)> {
        let scores = self.headlines().map(|score| (score.heading(), score.value));
        let first = self.headline.first().into_iter();
        let baselines = first.flat_map(|name| self.baselines_of(name));
        let baselines = baselines.map(|baseline| (format!("baseline: {}", baseline.name), baseline.value));
        scores.chain(baselines).collect()
    }

    /// The baselines of the score of this name.
    pub fn baselines_of(&self, score: &str) -> impl Iterator<Item = &Baseline> {
        self.baselines.iter().filter(move |baseline| baseline.of == score)
    }
}

/// JSON has no NaN: it is null there.
fn number<'de, D: serde::Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_read_back_from_an_evaluation_that_holds_more() {
        let run = tempfile::tempdir().unwrap();
        assert_eq!(ScoreCard::read(run.path()), None);
        let score = |name: &str, value| Score::lower(name, value, "px", "RMSE");
        let baseline = |name: &str, value| Baseline { name: name.into(), value, of: "a".into() };
        let card = ScoreCard {
            scores: vec![score("a", 1.5), score("b", 2.5)],
            baselines: vec![baseline("copy", 3.0), baseline("odd", f64::NAN)],
            headline: vec!["b".into(), "missing".into()],
        };
        let mut json = serde_json::to_value(&card).unwrap();
        json["more"] = 1.into();
        std::fs::write(run.path().join("evaluation.json"), json.to_string()).unwrap();
        let read = ScoreCard::read(run.path()).unwrap();
        assert_eq!((&read.scores, &read.headline), (&card.scores, &card.headline));
        assert!(read.baselines_of("a").nth(1).unwrap().value.is_nan());
        assert_eq!(read.headlines().map(|score| score.value).collect::<Vec<_>>(), [2.5]);
        assert_eq!(read.numbers()["a"], 1.5);
        assert_eq!(read.comparison(), [("RMSE (px)".to_owned(), 2.5)]);
        let about_a = ScoreCard { headline: vec!["a".into()], ..read };
        assert_eq!(about_a.comparison()[1], ("baseline: copy".to_owned(), 3.0));
        let other = tempfile::tempdir().unwrap();
        let linked = other.path().join("evaluation.json");
        std::os::unix::fs::symlink(run.path().join("evaluation.json"), linked).unwrap();
        assert_eq!(ScoreCard::read(other.path()), None, "a link is not followed");
    }

    #[test]
    fn nan_is_worse_than_every_number() {
        for goal in [Goal::Minimize, Goal::Maximize] {
            assert_eq!(goal.order(f64::NAN, goal.worst()), Ordering::Greater);
            assert!(goal.better(1.0, goal.worst()) && !goal.better(f64::NAN, 1.0));
        }
        assert_eq!(Goal::Maximize.order(2.0, 1.0), Ordering::Less);
    }
}
