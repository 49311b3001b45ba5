//! `umwelt report`: the table and the figure of a sweep.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::sweep::note_of_stray_runs;
use crate::runs::study::{Outcome, Study, StudyRun, Wishes};
use crate::runs::{self, SCORE};
use crate::schema::RunSettings;
use crate::sweeps::{self, Domain, ReportOptions, SweepFile, SweepFolder, TrialState, TrialStatus};
use umwelt_base::UserError;
use umwelt_base::stop::Stop;
use umwelt_base::terminal::{note, print, print_line};

const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// Makes the table and the figure of a sweep, finished or not
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt report experiments/noise.yaml
  umwelt report experiments/noise.yaml --watch      again whenever a run changes, while the sweep works
  umwelt report experiments/como_message_size.yaml --x bits_per_image --metrics mse accuracy")]
pub struct ReportArguments {
    /// The sweep file
    file: PathBuf,

    /// The settings that the sweep was given
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    values: Vec<String>,

    /// Folder of the sweep [default: runs/NAME]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// What lies along x: a key that varies, or a score [default: report.x of the file]
    #[arg(long, value_name = "KEY")]
    x: Option<String>,

    /// The key with a line for each value [default: report.line]
    #[arg(long, value_name = "KEY")]
    line: Option<String>,

    /// The key with a panel for each value [default: report.panel]
    #[arg(long, value_name = "KEY")]
    panel: Option<String>,

    /// The scores to show [default: report.metrics, else the sweep's metric]
    #[arg(long, value_name = "SCORE", num_args = 1..)]
    metrics: Vec<String>,

    /// Do it again whenever a run changes, until all are over
    #[arg(long)]
    watch: bool,
}

impl ReportArguments {
    fn lay_upon(&self, report: &mut ReportOptions) {
        report.x = self.x.clone().or(report.x.take());
        report.line = self.line.clone().or(report.line.take());
        report.panel = self.panel.clone().or(report.panel.take());
        if !self.metrics.is_empty() {
            report.metrics.clone_from(&self.metrics);
        }
    }
}

/// Reports on a sweep as its runs stand now.
///
/// # Errors
/// Mistakes in the sweep file, a sweep that was never begun, a folder that cannot be written.
pub fn report(arguments: &ReportArguments) -> Result<()> {
    let mut folder = SweepFolder::open::<RunSettings>(
        &arguments.file,
        &arguments.values,
        arguments.output.as_deref(),
        None,
    )?;
    arguments.lay_upon(&mut folder.file.report);
    if !folder.path().exists() {
        let begin = format!("begin it with `umwelt sweep {}`", arguments.file.display());
        return Err(UserError(format!("there are no runs in {}; {begin}", folder.path().display())).into());
    }
    let stop = Stop::listen()?;
    let (mut told, mut written) = (String::new(), true);
    loop {
        let statuses = folder.statuses()?;
        let study = study(&folder, &statuses)?;
        if told != study.csv() {
            told = study.csv();
            if let Err(error) = write(&study, &folder) {
                note(format!("warning: {error:#}; the report is printed alone"));
                written = false;
            }
            if arguments.watch {
                print_line(study.states())?;
            }
        }
        if !arguments.watch || stop.is_requested() || is_over(&folder, &statuses)? {
            let place = folder.path().join("report").display().to_string();
            print(study.text())?;
            print(note_of_stray_runs(&folder)?)?;
            return if written { print_line(place) } else { Ok(()) };
        }
        std::thread::sleep(WATCH_INTERVAL);
    }
}

fn is_over(folder: &SweepFolder, statuses: &[TrialStatus]) -> Result<bool> {
    Ok(folder.unasked()? == 0 && !statuses.iter().any(|status| status.state.is_pending()))
}

fn write(study: &Study, folder: &SweepFolder) -> Result<()> {
    let figure = study.figure();
    folder.write_report("table.md", study.markdown().as_bytes())?;
    folder.write_report("table.csv", study.csv().as_bytes())?;
    folder.write_report("figure.svg", figure.svg().as_bytes())?;
    folder.write_report("figure.png", &figure.png()?)
}

fn study(folder: &SweepFolder, statuses: &[TrialStatus]) -> Result<Study> {
    let file = &folder.file;
    let wanted = &file.report;
    let runs: Vec<StudyRun> = statuses.iter().map(|status| study_run(status, wanted.x.as_deref())).collect();
    let metrics = match wanted.metrics.is_empty() {
        false => wanted.metrics.clone(),
        true => metrics(&file.metric.name, &runs),
    };
    let wishes = Wishes {
        x: wanted.x.clone().filter(|x| !is_still_unknown(x, &runs)),
        line: wanted.line.clone(),
        panel: wanted.panel.clone().into_iter().collect(),
        metrics,
        goal: file.metric.goal,
        log: logarithmic(file),
        ..Wishes::default()
    };
    Study::new(file.name.clone(), runs, wishes).map_err(|error| UserError(format!("report: {error}")).into())
}

/// Keys that the sweep draws on a logarithmic scale.
fn logarithmic(file: &SweepFile) -> Vec<String> {
    let is_log = |domain: &Domain| matches!(domain, Domain::Numbers(numbers) if numbers.log);
    let dimensions = file.space.dimensions.iter().filter(|dimension| is_log(&dimension.domain));
    dimensions.map(|dimension| dimension.name.clone()).collect()
}

/// The sweep's metric; a score by the names that the runs' worlds give it, errors of predictions and of encodings.
fn metrics(name: &str, runs: &[StudyRun]) -> Vec<String> {
    let own: &[&str] = match name {
        SCORE | "prediction.rmse_px" => &["prediction.rmse_px", "encoding.rmse_px", "mse"],
        _ => &[],
    };
    let found = |name: &&&str| runs.iter().any(|run| run.scores.contains_key(**name));
    let shown: Vec<String> = own.iter().filter(found).map(|name| (*name).to_owned()).collect();
    if shown.is_empty() { vec![name.to_owned()] } else { shown }
}

/// A score may lie along x, if it follows from the settings as a number of bits does.
fn study_run(status: &TrialStatus, x: Option<&str>) -> StudyRun {
    let (seed, mut varied) =
        status.trial.varied.iter().cloned().partition::<Vec<_>, _>(|(key, _)| key == "seed");
    let scores = status.run_status.iter().flat_map(|run| &run.scores);
    let scores: BTreeMap<String, f64> =
        scores.filter_map(|(name, score)| Some((name.clone(), score.as_f64()?))).collect();
    if let Some((name, score)) = x.and_then(|x| scores.get_key_value(x)) {
        varied.push((name.clone(), score.to_string()));
    }
    StudyRun {
        name: status.trial.name.clone(),
        outcome: outcome(status),
        varied,
        seed: seed.into_iter().next().map(|(_, seed)| seed),
        scores,
        floors: baselines(&status.path),
    }
}

/// The baselines of the first headline score.
fn baselines(run: &std::path::Path) -> Vec<(String, f64)> {
    let card = runs::ScoreCard::read(run).unwrap_or_default();
    let of = card.headline.first().map(String::as_str).unwrap_or_default();
    card.baselines_of(of).map(|baseline| (baseline.name.clone(), baseline.value)).collect()
}

/// Whether x is a score that some runs do not have yet.
fn is_still_unknown(x: &str, runs: &[StudyRun]) -> bool {
    let knows = |run: &StudyRun| run.varied.iter().any(|(key, _)| key == x);
    runs.iter().any(|run| run.scores.contains_key(x)) && !runs.iter().all(knows)
}

fn outcome(status: &TrialStatus) -> Outcome {
    match &status.state {
        TrialState::Waiting => Outcome::Waiting,
        TrialState::Running => Outcome::Running(sweeps::progress(status)),
        TrialState::Interrupted => Outcome::Interrupted,
        TrialState::Failed(reason) => Outcome::Failed(reason.clone()),
        TrialState::Stopped(reason) => Outcome::Stopped(reason.clone()),
        TrialState::Finished => Outcome::Finished,
    }
}
