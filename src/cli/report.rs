//! `umwelt report`: a sweep as a table and a figure.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::sweep::note_of_stray_runs;
use crate::runs::study::Study;
use crate::schema::RunSettings;
use crate::sweeps::{ReportOptions, SweepFolder, TrialStatus};
use umwelt_base::UserError;
use umwelt_base::stop::Stop;
use umwelt_base::terminal::{note, print, print_line};

const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// Reports a sweep as a table and a figure, finished or not
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt report experiments/noise.yaml
  umwelt report experiments/noise.yaml --watch      again whenever a run changes
  umwelt report experiments/como_message_size.yaml --x bits_per_image --metrics mse accuracy
  umwelt report experiments/five_worlds.yaml --only sequences=51200")]
pub struct ReportArguments {
    /// The sweep file
    file: PathBuf,

    /// The --values that the sweep was started with
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    values: Vec<String>,

    /// Folder of the sweep [default: runs/NAME]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// The key of the x axis, or a score that follows from the settings [default: report.x]
    #[arg(long, value_name = "KEY")]
    x: Option<String>,

    /// The key with a line for each value [default: report.line]
    #[arg(long, value_name = "KEY")]
    line: Option<String>,

    /// The key with a panel for each value [default: report.panel]
    #[arg(long, value_name = "KEY")]
    panel: Option<String>,

    /// The scores to show, the most important first; a `*` stands for any word, and the words are a
    /// key [default: report.metrics, else the headline scores of the runs]
    #[arg(long, value_name = "SCORE", num_args = 1..)]
    metrics: Vec<String>,

    /// Only the runs with these values of varied keys [default: report.only]
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    only: Vec<String>,

    /// Report again whenever a run changes, until all have ended
    #[arg(long)]
    watch: bool,
}

impl ReportArguments {
    fn override_options(&self, report: &mut ReportOptions) {
        report.x = self.x.clone().or(report.x.take());
        report.line = self.line.clone().or(report.line.take());
        report.panel = self.panel.clone().or(report.panel.take());
        if !self.metrics.is_empty() {
            report.metrics.clone_from(&self.metrics);
        }
        if !self.only.is_empty() {
            report.only.clone_from(&self.only);
        }
    }
}

/// Prints and writes the report of a sweep.
///
/// # Errors
/// Mistakes in the sweep file or in the options; a sweep that was never started.
pub fn report(arguments: &ReportArguments) -> Result<()> {
    let mut folder = SweepFolder::open::<RunSettings>(
        &arguments.file,
        &arguments.values,
        arguments.output.as_deref(),
        None,
    )?;
    arguments.override_options(&mut folder.file.report);
    if !folder.path().exists() {
        let start = format!("start the sweep with `umwelt sweep {}`", arguments.file.display());
        return Err(UserError(format!("there are no runs in {}; {start}", folder.path().display())).into());
    }
    let stop = Stop::listen()?;
    let (mut reported, mut written) = (String::new(), true);
    loop {
        let statuses = folder.statuses()?;
        let study = Study::of_sweep(&folder.file, &statuses)
            .map_err(|error| UserError(format!("report: {error}")))?;
        if reported != study.csv() {
            reported = study.csv();
            if let Err(error) = write(&study, &folder) {
                note(format!("warning: {error:#}; the report is only printed"));
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
