//! The columns of lists of runs, and lists as tables, CSV and JSON.

use std::borrow::Borrow;

use ::csv::Writer;
use serde_json::{Map, Value, json};

use anyhow::Result;

use super::format::{date_time, text};
use crate::{RunState, RunSummary, SCORE};
use umwelt_charts::{
    Align, Table,
    format::{age, measured},
};

/// The columns that every run has. Scores and settings are columns too.
pub const OWN: [&str; 12] = [
    "name",
    "state",
    "progress",
    "step",
    "steps",
    "phase",
    "message",
    "age",
    "started_at",
    "heartbeat",
    "training_seconds",
    "evaluating_seconds",
];

/// The most columns of scores in a default list, so that it fits a terminal.
const MOST_SCORES: usize = 2;

/// The value of a run in a column; null if the run has none.
///
/// `progress` is in percent, `age` in seconds since the last heartbeat, and times are Unix seconds.
pub fn value(run: &RunSummary, column: &str, now: f64) -> Value {
    match column {
        "name" => run.name.as_str().into(),
        "state" => run.state.to_string().into(),
        "progress" if run.steps > 0 => (100.0 * run.step as f64 / run.steps as f64).into(),
        "progress" => Value::Null,
        "step" => run.step.into(),
        "steps" => run.steps.into(),
        "phase" => run.phase.as_str().into(),
        "message" => json!(run.message),
        "age" => json!(run.heartbeat.or(run.started_at).map(|seen| now - seen)),
        "started_at" => json!(run.started_at),
        "heartbeat" => json!(run.heartbeat),
        "training_seconds" => run.training_seconds.into(),
        "evaluating_seconds" => run.evaluating_seconds.into(),
        other => run.scores.get(other).or_else(|| run.settings.get(other)).cloned().unwrap_or_default(),
    }
}

/// The default columns of a list: state, model, and the first headline scores of `runs`.
pub fn default_columns(runs: &[RunSummary]) -> Vec<String> {
    let mut columns = vec!["name", "state"];
    if runs.iter().any(|run| run.state != RunState::Finished) {
        columns.push("progress");
    }
    columns.push("model_type");
    // The first headline scores of all runs precede the second ones.
    let headline = |place: usize| runs.iter().filter_map(move |run| run.headline.get(place));
    let mut scores: Vec<&str> = Vec::new();
    for name in (0..MOST_SCORES).flat_map(headline).map(|headline| headline.name.as_str()) {
        if !scores.contains(&name) {
            scores.push(name);
        }
    }
    // Runs of earlier versions have no score card.
    if scores.is_empty() && runs.iter().any(|run| run.scores.contains_key(SCORE)) {
        scores.push(SCORE);
    }
    columns.extend(scores.into_iter().take(MOST_SCORES));
    columns.push("age");
    columns.into_iter().map(ToOwned::to_owned).collect()
}

/// The runs as a table, with numbers rounded.
pub fn table(runs: &[RunSummary], columns: &[String], now: f64) -> Table {
    let align = |column: &String| {
        let present = || runs.iter().map(|run| value(run, column, now)).filter(|value| !value.is_null());
        if present().next().is_some() && present().all(|value| value.is_number()) {
            Align::Right
        } else {
            Align::Left
        }
    };
    let table = Table::new(columns.iter().map(|column| (column.as_str(), align(column))));
    runs.iter().fold(table, |table, run| table.row(columns.iter().map(|column| cell(run, column, now))))
}

fn cell(run: &RunSummary, column: &str, now: f64) -> String {
    let value = value(run, column, now);
    match (column, value.as_f64()) {
        ("progress", _) if run.state == RunState::Finished => String::new(),
        ("progress", Some(percent)) => format!("{:.0} %", percent.floor()),
        ("age", Some(seconds)) => age(seconds),
        ("started_at" | "heartbeat", Some(seconds)) => date_time(seconds),
        ("training_seconds" | "evaluating_seconds", Some(seconds)) => format!("{seconds:.0}"),
        (_, Some(score)) if run.scores.contains_key(column) => measured(score),
        _ if value.is_null() => String::new(),
        _ => text(&value).replace(char::is_control, " "),
    }
}

/// The runs as CSV, with numbers in full and empty cells for missing values.
///
/// # Errors
/// A row that the CSV writer refuses.
pub fn csv<R: Borrow<RunSummary>>(runs: &[R], columns: &[String], now: f64) -> Result<String> {
    let cell = |run: &RunSummary, column: &str| match value(run, column, now) {
        Value::Null => String::new(),
        value => text(&value),
    };
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(columns)?;
    for run in runs {
        writer.write_record(columns.iter().map(|column| cell(run.borrow(), column)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// The runs as a JSON array, with numbers in full. Without `columns` each run is its whole summary.
pub fn json(runs: &[RunSummary], columns: Option<&[String]>, now: f64) -> String {
    let chosen = |run: &RunSummary, columns: &[String]| {
        let entries = columns.iter().map(|column| (column.clone(), value(run, column, now)));
        Value::Object(entries.collect::<Map<_, _>>())
    };
    let list: Value = match columns {
        Some(columns) => runs.iter().map(|run| chosen(run, columns)).collect(),
        None => json!(runs),
    };
    format!("{list:#}\n")
}
