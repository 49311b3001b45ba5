//! The progress of a sweep: a live table on a terminal, one line for each change elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::Trial;
use super::folder::SweepFolder;
use super::trial_status::{TrialState, TrialStatus};
use super::worker::Ending;
use crate::Status;
use umwelt_base::terminal;
use umwelt_charts::{Align, Table, format};

/// The most rows of the live table; a last line counts the others.
const ROWS: usize = 16;
const WIDEST_NAME: usize = 56;

/// The display of a sweep's progress on standard error.
pub struct ProgressTable {
    view: View,
    metric: String,
}

enum View {
    Quiet,
    Plain,
    Live(ProgressBar),
}

impl ProgressTable {
    pub fn new(quiet: bool, metric: &str) -> Self {
        let view = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => View::Quiet,
            (false, false) => View::Plain,
            (false, true) => View::Live(table_area()),
        };
        Self { view, metric: metric.to_owned() }
    }

    pub fn interval(&self) -> Duration {
        Duration::from_secs(if matches!(self.view, View::Live(_)) { 1 } else { 3600 })
    }

    pub fn notify(&self, notice: &str) {
        match &self.view {
            View::Quiet => {}
            View::Plain => terminal::note(notice),
            View::Live(bar) => bar.suspend(|| terminal::note(notice)),
        }
    }

    pub fn started(&self, trial: &Trial) {
        if matches!(self.view, View::Plain) {
            terminal::note(format!("started   {}", trial.name));
        }
    }

    pub fn ended(&self, folder: &SweepFolder, trial: &Trial, ending: &Ending) {
        if !matches!(self.view, View::Plain) {
            return;
        }
        let status = Status::read(&folder.run_path(trial));
        let message = || status.as_ref().and_then(|s| s.message.clone()).unwrap_or_default();
        let score = status.as_ref().and_then(|status| status.scores.get(&self.metric)?.as_f64());
        let (word, rest) = match (ending, score) {
            (Ending::Done, Some(score)) if message().is_empty() => {
                ("finished", format!("{} {}", self.metric, format::score(score)))
            }
            (Ending::Done, _) => ("done", message()),
            (Ending::Interrupted, _) => ("stopped", "it continues from its checkpoint".into()),
            (Ending::Killed(reason) | Ending::Failed(reason), _) => ("failed", reason.clone()),
        };
        terminal::note(format!("{word:<9} {}  {rest}", trial.name));
    }

    /// Redraws the live table.
    pub fn redraw(&self, statuses: &[TrialStatus], unasked: usize) {
        if let View::Live(bar) = &self.view {
            let head = headline(statuses, unasked);
            bar.set_message(format!("{head}\n{}", table(statuses, &self.metric, Some(ROWS))));
        }
    }

    pub fn finish(&self) {
        if let View::Live(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

fn table_area() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}").expect("the template is valid");
    ProgressBar::new_spinner().with_style(style)
}

/// A summary: `12 runs: 7 finished, 2 running, 3 waiting  |  about 5 minutes left`.
pub fn headline(statuses: &[TrialStatus], unasked: usize) -> String {
    let count = |wanted: fn(&TrialState) -> bool| statuses.iter().filter(|s| wanted(&s.state)).count();
    let waiting = count(|state| *state == TrialState::Waiting) + unasked;
    let counts = [
        (count(|state| *state == TrialState::Finished), "finished"),
        (count(|state| matches!(state, TrialState::Stopped(_))), "stopped early"),
        (count(|state| *state == TrialState::Running), "running"),
        (waiting, "waiting"),
        (count(|state| *state == TrialState::Interrupted), "interrupted"),
        (count(|state| matches!(state, TrialState::Failed(_))), "failed"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, state)| format!("{count} {state}")).collect();
    let left = time_left(statuses, waiting);
    let left = left.map_or(String::new(), |left| format!("  |  about {} left", HumanDuration(left)));
    format!("{} runs: {}{left}", statuses.len() + unasked, counts.join(", "))
}

/// An estimate from the mean duration of finished runs and the number of running ones. `None`
/// without either.
fn time_left(statuses: &[TrialStatus], waiting: usize) -> Option<Duration> {
    let seconds = |s: &TrialStatus| s.run_status.as_ref().map(|s| s.training_seconds + s.evaluating_seconds);
    let over: Vec<f64> = statuses.iter().filter(|s| s.state.is_over()).filter_map(seconds).collect();
    let mean = over.iter().sum::<f64>() / over.len() as f64;
    let running = statuses.iter().filter(|s| s.state == TrialState::Running);
    let left: Vec<f64> = running.map(|s| (mean - seconds(s).unwrap_or(0.0)).max(0.0)).collect();
    let work = left.iter().sum::<f64>() + mean * waiting as f64;
    let each = work / left.len() as f64;
    (each.is_finite() && each > 0.0).then(|| Duration::from_secs_f64(each))
}

/// A table with a row for each run. If `rows` limits it, running and failed runs come first.
pub fn table(statuses: &[TrialStatus], metric: &str, rows: Option<usize>) -> String {
    let mut shown: Vec<&TrialStatus> = statuses.iter().collect();
    if rows.is_some_and(|rows| rows < shown.len()) {
        shown.sort_by_key(|status| urgency(&status.state));
        shown.truncate(rows.unwrap_or(usize::MAX));
    }
    let hidden = statuses.len() - shown.len();
    let columns =
        [("run", Align::Left), ("state", Align::Left), ("progress", Align::Right), (metric, Align::Right)];
    let table = shown.iter().fold(Table::new(columns), |table, status| {
        let (state, note) = describe(status);
        let score = status.score.map_or(String::new(), format::score);
        table.row([short(&status.trial), state.to_owned(), note, score])
    });
    let reasons = shown.iter().filter_map(|status| match &status.state {
        TrialState::Failed(reason) => Some(format!("{}: {reason}\n", short(&status.trial))),
        TrialState::Stopped(reason) if rows.is_none() => {
            Some(format!("{}: {reason}\n", short(&status.trial)))
        }
        _ => None,
    });
    let reasons: String = reasons.collect();
    let rest = if hidden > 0 { format!("... and {hidden} more\n") } else { String::new() };
    format!("{table}{rest}{reasons}")
}

fn urgency(state: &TrialState) -> usize {
    match state {
        TrialState::Running => 0,
        TrialState::Failed(_) => 1,
        TrialState::Interrupted => 2,
        TrialState::Finished | TrialState::Stopped(_) => 3,
        TrialState::Waiting => 4,
    }
}

/// The name of a trial without its hash.
fn short(trial: &Trial) -> String {
    let name = trial.name.rsplit_once('-').map_or(trial.name.as_str(), |(name, _)| name);
    match name.char_indices().nth(WIDEST_NAME) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

/// The phase of a run and its progress: `training 40 %, 2 minutes left`.
pub fn progress(status: &TrialStatus) -> String {
    let Some(run) = &status.run_status else { return String::new() };
    if run.phase_steps == 0 {
        return run.phase.clone();
    }
    let percent = 100 * run.phase_done / run.phase_steps;
    let left = run.left_seconds.filter(|_| run.phase == "training").map(Duration::from_secs_f64);
    let left = left.map_or(String::new(), |left| format!(", {} left", HumanDuration(left)));
    format!("{} {percent} %{left}", run.phase)
}

fn describe(status: &TrialStatus) -> (&'static str, String) {
    match &status.state {
        TrialState::Waiting => ("waiting", String::new()),
        TrialState::Running => ("running", progress(status)),
        TrialState::Interrupted => ("interrupted", progress(status)),
        TrialState::Failed(_) => ("failed", String::new()),
        TrialState::Stopped(_) => ("stopped early", String::new()),
        TrialState::Finished => ("finished", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweeps::SweepFile;
    use umwelt_settings::example::RunSettings;

    #[test]
    fn the_headline_counts_states_and_shows_the_time_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        std::fs::write(&file, "values: {model_type: VICReg}\nparameters: {dataset_noise: [1, 2, 3, 4, 5]}")
            .unwrap();
        let sweep = SweepFile::read::<RunSettings>(&file, &[]).unwrap();
        let seconds = |training_seconds| Status { training_seconds, ..Status::new() };
        let status = |(index, (state, run_status)): (usize, (TrialState, Option<Status>))| {
            let trial = sweep.trial(index, &[]).named::<RunSettings>().unwrap();
            TrialStatus { path: folder.path().join(&trial.name), trial, state, run_status, score: None }
        };
        let states = [
            (TrialState::Finished, Some(seconds(100.0))),
            (TrialState::Finished, Some(seconds(140.0))),
            (TrialState::Running, Some(seconds(20.0))),
            (TrialState::Running, Some(seconds(120.0))),
            (TrialState::Waiting, None),
        ];
        let mut statuses: Vec<_> = states.into_iter().enumerate().map(status).collect();
        // Seconds left: 100 and 0 of the running ones, 120 of each of the two waiting: 340 over two
        // slots.
        let expected = "6 runs: 2 finished, 2 running, 2 waiting  |  about 3 minutes left";
        assert_eq!(headline(&statuses, 1), expected);
        statuses[2].state = TrialState::Failed("it broke".into());
        statuses[3].state = TrialState::Interrupted;
        assert_eq!(headline(&statuses, 0), "5 runs: 2 finished, 1 waiting, 1 interrupted, 1 failed");
        let shown = table(&statuses, "prediction.rmse_px", Some(2));
        assert!(shown.contains("dataset_noise=3: it broke") && shown.contains("... and 3 more"), "{shown}");
    }
}
