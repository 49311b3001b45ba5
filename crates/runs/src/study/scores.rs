//! The scores that a study shows, with the headings and goals of the runs' score cards.

use std::collections::BTreeSet;

use umwelt_base::UserError;
use umwelt_settings::for_unknown_choice;

use super::options::StudyOptions;
use super::run::StudyRun;
use crate::sweeps::Metric;
use crate::{Goal, SCORE, Score};

/// A score that a study shows.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyScore {
    pub name: String,
    /// The title and unit of the score card; the bare name without a card.
    pub heading: String,
    pub goal: Goal,
}

/// The scores to show: those of the options, else the headline of the runs if the sweep optimises
/// its first score, else the number that the sweep optimises. There is at least one.
///
/// # Errors
/// A score of the options that no run has, once some run has scores.
pub fn shown(options: &StudyOptions, runs: &[StudyRun]) -> Result<Vec<StudyScore>, UserError> {
    let given = &options.report.metrics;
    let names = if given.is_empty() { chosen(&options.metric, runs) } else { given.clone() };
    check(given, &known(runs))?;
    Ok(names.into_iter().map(|name| StudyScore::of(name, &options.metric, runs)).collect())
}

/// The names of all scores: the headlines, then the other scores in the order of the cards, then
/// the scores without a card.
pub fn known(runs: &[StudyRun]) -> Vec<&str> {
    let cards = runs.iter().map(|run| &run.card);
    let carded = cards.flat_map(|card| card.scores.iter().map(|score| score.name.as_str()));
    let bare: BTreeSet<&str> = runs.iter().flat_map(|run| run.scores.keys().map(String::as_str)).collect();
    unique(headline(runs).into_iter().chain(carded).chain(bare))
}

fn headline(runs: &[StudyRun]) -> Vec<&str> {
    unique(runs.iter().flat_map(|run| run.card.headlines().map(|score| score.name.as_str())))
}

fn chosen(metric: &Metric, runs: &[StudyRun]) -> Vec<String> {
    let headline = headline(runs);
    let is_headline = headline.first().is_some_and(|first| metric.name == SCORE || metric.name == *first);
    let names = if is_headline { headline } else { vec![metric.name.as_str()] };
    names.into_iter().map(str::to_owned).collect()
}

fn check(given: &[String], known: &[&str]) -> Result<(), UserError> {
    match given.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) if !known.is_empty() => {
            let (hint, known) = (for_unknown_choice(name, known), known.join(", "));
            Err(UserError(format!("metrics: no run has a score {name}{hint}\nscores: {known}")))
        }
        _ => Ok(()),
    }
}

impl StudyScore {
    fn of(name: String, metric: &Metric, runs: &[StudyRun]) -> Self {
        let card = runs.iter().find_map(|run| run.card.score(&name));
        Self {
            heading: card.map_or_else(|| name.clone(), Score::heading),
            goal: goal(&name, card, metric),
            name,
        }
    }
}

/// The goal of the card. A sweep file that asks for the highest value of its own metric, or whose
/// runs have no card, decides instead; its default is the lowest value.
fn goal(name: &str, card: Option<&Score>, metric: &Metric) -> Goal {
    let of_sweep = (metric.name == name).then_some(metric.goal);
    let of_card = card.map(|score| score.goal);
    of_sweep.filter(|goal| *goal == Goal::Maximize).or(of_card).or(of_sweep).unwrap_or_default()
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{noise_sweep, run};
    use super::*;
    use crate::sweeps::ReportOptions;

    fn options(metrics: &[&str]) -> StudyOptions {
        let metrics = metrics.iter().map(|&name| name.to_owned()).collect();
        StudyOptions {
            report: ReportOptions { metrics, ..ReportOptions::default() },
            ..StudyOptions::default()
        }
    }

    #[test]
    fn an_unknown_score_is_refused_once_there_are_scores() {
        let expected = "metrics: no run has a score prediction.rmse; did you mean prediction.rmse_px?\n\
                        scores: prediction.rmse_px, encoding.rmse_px";
        let wrong = options(&["prediction.rmse"]);
        assert_eq!(shown(&wrong, &noise_sweep()).unwrap_err().to_string(), expected);
        let mut unscored = run("a", &[("k", "1")], None, &[]);
        unscored.scores.clear();
        assert_eq!(shown(&wrong, &[unscored]).unwrap()[0].name, "prediction.rmse");
    }

    #[test]
    fn headings_goals_and_order_are_those_of_the_card() {
        let mut carded = run("a", &[], None, &[("ticks", 3.0), ("apples", 5.0), ("waste", 1.0)]);
        carded.card.scores = vec![
            Score::lower("ticks", 3.0, "s", "time"),
            Score::higher("apples", 5.0, "", "apples picked"),
            Score::lower("waste", 1.0, "", "waste"),
        ];
        carded.card.headline = vec!["apples".into(), "ticks".into()];
        carded.scores.insert("unlisted".into(), 0.0);
        let runs = [carded];
        assert_eq!(known(&runs), ["apples", "ticks", "waste", "unlisted"]);
        let printed = |options: &StudyOptions| -> Vec<_> {
            let scores = shown(options, &runs).unwrap().into_iter();
            scores.map(|score| (score.heading, score.goal)).collect()
        };
        let (apples, time) =
            (("apples picked".to_owned(), Goal::Maximize), ("time (s)".to_owned(), Goal::Minimize));
        assert_eq!(printed(&options(&[])), [apples.clone(), time.clone()]);
        assert_eq!(printed(&options(&["ticks", "apples"])), [time, apples]);
        let waste = Metric { name: "waste".into(), goal: Goal::Maximize };
        let of_sweep = StudyOptions { metric: waste, ..options(&[]) };
        assert_eq!(printed(&of_sweep), [("waste".to_owned(), Goal::Maximize)]);
    }

    #[test]
    fn a_score_without_a_card_has_its_name_and_the_goal_of_the_sweep() {
        let mut old = run("a", &[], None, &[("waste_px", 1.0)]);
        old.card = crate::ScoreCard::default();
        let metric = Metric { name: "waste_px".into(), goal: Goal::Maximize };
        let scores = shown(&StudyOptions { metric, ..options(&[]) }, &[old.clone()]).unwrap();
        assert_eq!((scores[0].heading.as_str(), scores[0].goal), ("waste_px", Goal::Maximize));
        assert_eq!(shown(&options(&["waste_px"]), &[old]).unwrap()[0].goal, Goal::Minimize);
    }
}
