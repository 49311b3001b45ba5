//! The study of runs that were found in a folder, without their sweep file.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use umwelt_base::UserError;

use super::run::split_seed;
use super::{Outcome, Study, StudyOptions, StudyRun};
use crate::registry::Run;
use crate::sweeps::{Metric, PlannedRun, SweepPlan};
use crate::{Headline, RunState, RunSummary, ScoreCard};

impl Study {
    /// The study of `runs` that vary the settings `varied` (without the seed), compared by the score
    /// `by`.
    ///
    /// # Errors
    /// As for [`Study::new`].
    pub fn of_runs(title: &str, runs: &[Run], varied: &[String], by: &Headline) -> Result<Self, UserError> {
        let runs = runs.iter().map(|run| study_run(run, varied)).collect();
        let metric = Metric { name: by.name.clone(), goal: by.goal };
        Self::new(runs, StudyOptions { title: title.into(), metric, ..StudyOptions::default() })
    }

    /// The study of a sweep's plan with those of its runs that are in `runs`, as [`Self::of_sweep`]
    /// makes it.
    ///
    /// # Errors
    /// As for [`Study::new`].
    pub fn of_plan(title: &str, runs: &[Run], plan: SweepPlan) -> Result<Self, UserError> {
        let runs: HashMap<&str, &Run> = runs.iter().map(|run| (run.summary.folder_name(), run)).collect();
        let planned = plan.runs.iter().map(|PlannedRun { name, varied }| {
            let (varied, seed) = split_seed(varied);
            match runs.get(name.as_str()) {
                Some(run) => of_summary(run, varied, seed),
                None => waiting(name, varied, seed),
            }
        });
        let runs = planned.collect();
        let SweepPlan { metric, report, log, .. } = plan;
        Self::planned(runs, StudyOptions { title: title.into(), report, metric, log })
    }
}

fn study_run(run: &Run, varied: &[String]) -> StudyRun {
    let setting = |key: &str| run.summary.settings.get(key).map(shown);
    let varied = varied.iter().map(|key| (key.clone(), setting(key).unwrap_or_default()));
    of_summary(run, varied.collect(), setting("seed"))
}

fn of_summary(run: &Run, varied: Vec<(String, String)>, seed: Option<String>) -> StudyRun {
    let summary = &run.summary;
    let numbers = summary.scores.iter().filter_map(|(name, score)| Some((name.clone(), score.as_f64()?)));
    StudyRun {
        name: summary.folder_name().to_owned(),
        outcome: outcome(summary),
        varied,
        seed,
        scores: numbers.collect(),
        card: ScoreCard::read(&run.folder).unwrap_or_default(),
        repeats: false,
    }
}

/// A run that has not begun.
fn waiting(name: &str, varied: Vec<(String, String)>, seed: Option<String>) -> StudyRun {
    let (scores, card) = (BTreeMap::new(), ScoreCard::default());
    StudyRun { name: name.to_owned(), outcome: Outcome::Waiting, varied, seed, scores, card, repeats: false }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn outcome(run: &RunSummary) -> Outcome {
    let message = run.message.clone().unwrap_or_default();
    match run.state {
        RunState::Finished => Outcome::Finished,
        RunState::Stopped => Outcome::Stopped(message),
        RunState::Running => Outcome::Running(format!("step {} of {}", run.step, run.steps)),
        RunState::Interrupted | RunState::Lost => Outcome::Interrupted,
        RunState::Failed | RunState::Damaged => Outcome::Failed(message),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Goal;

    fn run(name: &str, lr: f64, seed: u64, wins: f64) -> Run {
        let mut summary = RunSummary::as_written(Path::new("/missing"));
        (summary.name, summary.state) = (format!("tea/{name}"), RunState::Finished);
        summary.settings =
            [("lr".to_owned(), lr.into()), ("seed".to_owned(), seed.into())].into_iter().collect();
        summary.scores = [("cups".to_owned(), wins.into())].into_iter().collect();
        Run { folder: "/missing".into(), summary }
    }

    #[test]
    fn seeds_are_averaged_and_the_best_is_marked() {
        let runs =
            [run("a", 0.1, 1, 2.0), run("b", 0.1, 2, 4.0), run("c", 0.2, 1, 5.0), run("d", 0.2, 2, 6.0)];
        let by = Headline { name: "cups".into(), goal: Goal::Maximize, unit: String::new() };
        let study = Study::of_runs("tea", &runs, &["lr".into()], &by).unwrap();
        assert_eq!(study.states(), "4 runs: 4 finished");
        let table = study.table().to_string();
        let best = table.lines().find(|line| line.starts_with('*')).unwrap();
        assert!(best.contains("0.2") && best.contains("5.50"), "{table}");
        assert!(table.contains("3.00 ± 1.41"), "{table}");
        assert!(study.csv().contains("\na,finished,,1,0.1,2"), "{}", study.csv());
    }
}
