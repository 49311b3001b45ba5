//! The study of a sweep, from the folders of its runs.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use umwelt_base::UserError;

use super::Study;
use super::only::only;
use super::options::StudyOptions;
use super::run::{Outcome, StudyRun, split_seed};
use super::words::divide;
use crate::sweeps::{SweepFile, TrialState, TrialStatus, progress};
use crate::{Record, ScoreCard, summary};

impl Study {
    /// The study of a sweep with the current state of its runs.
    ///
    /// # Errors
    /// As for [`Study::new`].
    pub fn of_sweep(file: &SweepFile, statuses: &[TrialStatus]) -> Result<Self, UserError> {
        let runs = statuses.iter().map(|status| run(file, status)).collect();
        let (report, metric) = (file.report.clone(), file.metric.clone());
        Self::planned(
            runs,
            StudyOptions { title: file.name.clone(), report, metric, log: file.logarithmic() },
        )
    }

    /// The study of those of a sweep's runs that the options choose. Its x may be a score, and a
    /// `*` may stand for a word of a score.
    ///
    /// # Errors
    /// As for [`Study::new`], [`only`] and [`divide`].
    pub(super) fn planned(runs: Vec<StudyRun>, mut options: StudyOptions) -> Result<Self, UserError> {
        let mut runs = divide(only(runs, &options.report.only)?, &options.report.metrics)?;
        options.report.x = options.report.x.filter(|x| !is_incomplete(x, &runs));
        if let Some(x) = &options.report.x {
            add_score_as_key(x, &mut runs);
        }
        Self::new(runs, options)
    }
}

fn run(file: &SweepFile, status: &TrialStatus) -> StudyRun {
    let (varied, seed) = split_seed(&status.trial.varied);
    let card = ScoreCard::read(&status.path).unwrap_or_default();
    let mut scores = scores(status, &card);
    if let Some(score) = status.score {
        scores.entry(file.metric.name.clone()).or_insert(score);
    }
    StudyRun {
        name: status.trial.name.clone(),
        outcome: outcome(status),
        varied,
        seed,
        scores,
        card,
        repeats: false,
    }
}

/// Makes the score `x`, such as a number of bits or of seconds, a varied key: its mean over the runs
/// that differ only in their seed.
fn add_score_as_key(x: &str, runs: &mut [StudyRun]) {
    let mut scores: BTreeMap<Vec<(String, String)>, Vec<f64>> = BTreeMap::new();
    for run in runs.iter() {
        if let Some(score) = run.scores.get(x) {
            scores.entry(run.varied.clone()).or_default().push(*score);
        }
    }
    for run in runs {
        if let Some(scores) = scores.get(&run.varied).filter(|_| run.scores.contains_key(x)) {
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            run.varied.push((x.to_owned(), mean.to_string()));
        }
    }
}

/// The scores of the status and of the card; of a run without either, those of its log.
fn scores(status: &TrialStatus, card: &ScoreCard) -> BTreeMap<String, f64> {
    let of_status = status.run_status.as_ref().map(|status| status.scores.clone()).unwrap_or_default();
    let known = if of_status.is_empty() { logged(&status.path) } else { of_status };
    let known = known.iter().filter_map(|(name, score)| Some((name.clone(), Value::as_f64(score)?)));
    known.chain(card.scores.iter().map(|score| (score.name.clone(), score.value))).collect()
}

fn logged(run: &Path) -> Record {
    summary::logged::scores(&run.join("metrics.jsonl")).unwrap_or_default()
}

/// True if x is a score that only some runs have yet.
fn is_incomplete(x: &str, runs: &[StudyRun]) -> bool {
    let is_key = runs.iter().any(|run| run.varied.iter().any(|(key, _)| key == x));
    let scored = runs.iter().filter(|run| run.scores.contains_key(x)).count();
    !is_key && (1..runs.len()).contains(&scored)
}

fn outcome(status: &TrialStatus) -> Outcome {
    match &status.state {
        TrialState::Waiting => Outcome::Waiting,
        TrialState::Running => Outcome::Running(progress(status)),
        TrialState::Interrupted => Outcome::Interrupted,
        TrialState::Failed(reason) => Outcome::Failed(reason.clone()),
        TrialState::Stopped(reason) => Outcome::Stopped(reason.clone()),
        TrialState::Finished => Outcome::Finished,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sweeps::SweepFolder;
    use crate::{Baseline, Score, State, Status};
    use umwelt_settings::example::RunSettings;

    /// A sweep of three runs that have picked 2, 8 and 5 apples, as `lines` of its file say.
    fn harvest(lines: &str, carded: bool) -> Study {
        let at = tempfile::tempdir().unwrap();
        let file = at.path().join("harvest.yaml");
        let path = at.path().join("runs");
        fs::write(
            &file,
            format!("values: {{model_type: VICReg}}\n{lines}parameters: {{dataset_noise: [0, 1, 2]}}"),
        )
        .unwrap();
        let folder = SweepFolder::open::<RunSettings>(&file, &[], Some(&path), None).unwrap();
        for (trial, apples) in folder.trials().unwrap().iter().zip([2.0, 8.0, 5.0]) {
            write(&folder.run_path(trial), apples, carded);
        }
        Study::of_sweep(&folder.file, &folder.statuses().unwrap()).unwrap()
    }

    fn write(run: &Path, apples: f64, carded: bool) {
        fs::create_dir_all(run).unwrap();
        let scores = vec![
            Score::lower("harvest.ticks", 9.0 - apples, "s", "time"),
            Score::higher("harvest.apples", apples, "", "apples picked"),
        ];
        let of = |name: &str, value, of: &str| Baseline { name: name.into(), value, of: of.into() };
        let baselines = vec![of("blind", 1.0, "harvest.apples"), of("blind", 8.5, "harvest.ticks")];
        let card = ScoreCard { scores, baselines, headline: vec!["harvest.apples".into()] };
        let mut status = Status { state: State::Finished, scores: card.numbers(), ..Status::new() };
        status.scores.insert("score".into(), (-apples).into());
        fs::write(run.join("status.json"), serde_json::to_string(&status).unwrap()).unwrap();
        if carded {
            fs::write(run.join("evaluation.json"), serde_json::to_string(&card).unwrap()).unwrap();
        }
    }

    fn best(study: &Study) -> Vec<String> {
        let table = study.table().to_string();
        let marked = table.lines().find(|line| line.starts_with('*')).unwrap_or_default();
        marked.split_whitespace().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn a_report_shows_the_headline_with_its_title_goal_and_baselines() {
        let study = harvest("", true);
        assert_eq!(best(&study), ["1", "8.00", "1"]);
        let table = study.table().to_string();
        assert!(
            table.starts_with("   dataset_noise   apples picked") || table.contains("apples picked"),
            "{table}"
        );
        assert!(
            table.contains("baseline: blind") && table.contains("1.00") && !table.contains("8.50"),
            "{table}"
        );
        assert!(!table.contains("time"), "{table}");
    }

    #[test]
    fn a_search_for_the_highest_score_has_it_on_top() {
        let lines = "metric: {name: harvest.apples, goal: maximize}\n";
        assert_eq!(best(&harvest(lines, true)), ["1", "8.00", "1"]);
        assert_eq!(best(&harvest(lines, false)), ["1", "8.00", "1"], "without cards by the sweep's goal");
    }

    #[test]
    fn another_score_has_its_own_title_goal_and_baselines() {
        let study = harvest("report: {metrics: [harvest.ticks, harvest.apples]}\n", true);
        assert_eq!(best(&study), ["1", "1.00", "8.00", "1"]);
        let table = study.table().to_string();
        let line = |text: &str| table.lines().find(|line| line.contains(text)).unwrap();
        assert!(line("dataset_noise").ends_with("time (s)  apples picked  runs"), "{table}");
        let cells: Vec<&str> = line("baseline: blind").split_whitespace().collect();
        assert_eq!(cells, ["baseline:", "blind", "8.50", "1.00"], "{table}");
    }

    #[test]
    fn a_score_on_the_x_axis_is_its_mean_over_seeds() {
        let run = |method: &str, seed: &str, seconds: f64| {
            super::super::examples::run("r", &[("method", method)], Some(seed), &[("seconds", seconds)])
        };
        let mut runs = vec![run("A", "1", 2.0), run("B", "1", 7.0), run("A", "2", 4.0)];
        assert!(!is_incomplete("seconds", &runs) && !is_incomplete("method", &runs));
        runs.push(super::super::examples::run("waiting", &[("method", "B")], Some("2"), &[]));
        assert!(is_incomplete("seconds", &runs) && !is_incomplete("method", &runs));
        add_score_as_key("seconds", &mut runs);
        let of = |run: &StudyRun| run.varied.get(1).map(|(_, value)| value.clone());
        let values: Vec<_> = runs.iter().map(of).collect();
        assert_eq!(values, [Some("3".into()), Some("7".into()), Some("3".into()), None]);
    }

    #[test]
    fn runs_of_an_older_version_have_scores_of_bare_names() {
        let study = harvest("report: {metrics: [harvest.ticks]}\n", false);
        assert_eq!(best(&study), ["1", "1.00", "1"]);
        let table = study.table().to_string();
        assert!(table.contains("harvest.ticks") && !table.contains("baseline"), "{table}");
        assert_eq!(best(&harvest("", false)), ["1", "−8.00", "1"].map(|cell| cell.replace('−', "-")));
    }
}
