//! What can be listed of a run, and lists as tables, CSV and JSON.

use serde_json::{Map, Value, json};

use super::wording::{local, text};
use crate::{RunState, RunSummary, SCORE};
use umwelt_charts::{
    Align, Table,
    format::{age, measured},
};

/// Columns that every run has; its scores and settings are columns too.
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

/// More columns of scores do not fit a terminal.
const MOST_SCORES: usize = 2;

/// What stands in a column: `progress` in percent, `age` in seconds since the last sign of life, times in Unix
/// seconds; null where there is nothing.
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

/// The columns that tell most about `runs`.
pub fn default_columns(runs: &[RunSummary]) -> Vec<String> {
    let mut columns = vec!["name", "state"];
    if runs.iter().any(|run| run.state != RunState::Finished) {
        columns.push("progress");
    }
    columns.push("model_type");
    // The first scores of all runs come before the second ones.
    let headline = |place: usize| runs.iter().filter_map(move |run| run.headline.get(place));
    let mut scores: Vec<&str> = Vec::new();
    for name in (0..MOST_SCORES).flat_map(headline).map(|headline| headline.name.as_str()) {
        if !scores.contains(&name) {
            scores.push(name);
        }
    }
    // Runs of earlier versions have no headline.
    if scores.is_empty() && runs.iter().any(|run| run.scores.contains_key(SCORE)) {
        scores.push(SCORE);
    }
    columns.extend(scores.into_iter().take(MOST_SCORES));
    columns.push("age");
    columns.into_iter().map(ToOwned::to_owned).collect()
}

/// The runs as a table for people.
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
        ("started_at" | "heartbeat", Some(seconds)) => local(seconds),
        ("training_seconds" | "evaluating_seconds", Some(seconds)) => format!("{seconds:.0}"),
        (_, Some(score)) if run.scores.contains_key(column) => measured(score),
        _ if value.is_null() => String::new(),
        _ => text(&value).replace(char::is_control, " "),
    }
}

/// The runs as CSV, numbers in full.
pub fn csv(runs: &[RunSummary], columns: &[String], now: f64) -> String {
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let blank_or_text = |value: Value| if value.is_null() { String::new() } else { text(&value) };
    let row = |run| columns.iter().map(|column| csv_cell(&blank_or_text(value(run, column, now)))).collect();
    let head = line(columns.iter().map(|column| csv_cell(column)).collect());
    head + &runs.iter().map(row).map(line).collect::<String>()
}

fn csv_cell(text: &str) -> String {
    let needs_quotes = text.contains([',', '"', '\n', '\r']);
    if needs_quotes { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// The runs as a JSON array, numbers in full; without columns, all that is known.
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
