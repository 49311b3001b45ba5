//! All that is known about one run, as text.

use std::path::Path;

use serde_json::Value;

use super::{
    Run,
    files::run_files,
    format::{date_time, text},
    quoted, shown,
};
use crate::{Record, RunSummary, ScoreCard, read_json};
use umwelt_charts::{
    Align, Table,
    format::{age, bytes, measured, span},
};
use umwelt_settings::{self as settings, Schema};

/// The state, times, command, environment, changed settings, scores, baselines and files of a run.
///
/// A changed setting differs from its default in the schema `T`.
pub fn details<T: Schema>(run: &Run, now: f64) -> String {
    let environment = read_json(&run.folder.join("environment.json"));
    let facts = facts(run, &environment, now);
    let facts: String = facts.into_iter().map(|(name, value)| format!("{name:<12} {value}\n")).collect();
    let parts = [facts, changed_settings::<T>(&run.folder), scores(run), files(&run.folder)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The command that made the run in `folder`, quoted for a shell.
pub fn command(folder: &Path) -> Option<String> {
    command_in(&read_json(&folder.join("environment.json")))
}

fn command_in(environment: &Record) -> Option<String> {
    let words = environment.get("command")?.as_array()?;
    Some(quoted(&words.iter().map(text).collect::<Vec<_>>()))
}

fn facts(run: &Run, environment: &Record, now: f64) -> Vec<(&'static str, String)> {
    let summary = &run.summary;
    let moment = |seconds: f64| format!("{}, {} ago", date_time(seconds), age(now - seconds));
    let list = |names: &[(&str, &str)]| {
        let value = |key: &str| environment.get(key).filter(|value| !value.is_null()).map(text);
        let parts = names.iter().filter_map(|(label, key)| Some(format!("{label}{}", value(key)?)));
        Some(parts.collect::<Vec<_>>().join(", ")).filter(|list| !list.is_empty())
    };
    let facts = [
        ("run", Some(shown(&run.folder))),
        ("state", Some(state(summary))),
        ("message", summary.message.clone()),
        ("started", summary.started_at.map(moment)),
        ("heartbeat", summary.heartbeat.map(moment)),
        (
            "spent",
            Some(format!(
                "{} training, {} evaluating",
                span(summary.training_seconds),
                span(summary.evaluating_seconds)
            )),
        ),
        ("command", command_in(environment)),
        ("made with", list(&[("umwelt ", "umwelt"), ("libtorch ", "libtorch"), ("commit ", "git_commit")])),
        ("made on", list(&[("", "host"), ("", "operating_system"), ("", "processor")])),
        ("computed on", list(&[("", "device"), ("threads: ", "threads")])),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn state(run: &RunSummary) -> String {
    let phase = if run.phase.is_empty() || run.phase == run.state.to_string() {
        String::new()
    } else {
        format!(" ({})", run.phase)
    };
    if run.steps == 0 {
        return format!("{}{phase}", run.state);
    }
    format!("{}{phase}, step {} of {}", run.state, run.step, run.steps)
}

fn changed_settings<T: Schema>(folder: &Path) -> String {
    let loaded = match settings::load::<T>(&[folder.join("settings.yaml")], &[]) {
        Ok(loaded) => loaded.settings,
        Err(error) => return format!("its settings cannot be read by this version: {error}\n"),
    };
    let table = Table::new([("setting", Align::Left), ("here", Align::Right), ("default", Align::Right)]);
    let differences = settings::differences(&loaded.defaults(), &loaded).into_iter();
    differences.fold(table, |table, d| table.row([d.key, d.right, d.left])).to_string()
}

/// The scores of a run, and the baselines of its headline scores.
fn scores(run: &Run) -> String {
    if run.summary.scores.is_empty() {
        return "no scores yet\n".into();
    }
    let card = ScoreCard::read(&run.folder).unwrap_or_default();
    let baselines = card.headlines().map(|score| {
        let of = card.baselines_of(&score.name);
        let values = of.map(|baseline| (baseline.name.clone(), baseline.value.into())).collect();
        numbers(&format!("baselines of {}", score.name), &score.heading(), &values)
    });
    let scores = numbers("score", "value", &run.summary.scores);
    let parts = std::iter::once(scores).chain(baselines).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n")
}

/// A table with a row per number; empty without numbers.
fn numbers(name: &str, value: &str, numbers: &Record) -> String {
    if numbers.is_empty() {
        return String::new();
    }
    let table = Table::new([(name, Align::Left), (value, Align::Right)]);
    let row =
        |(name, value): (&String, &Value)| [name.clone(), value.as_f64().map_or_else(String::new, measured)];
    numbers.iter().map(row).fold(table, Table::row).to_string()
}

fn files(folder: &Path) -> String {
    let table = Table::new([("file", Align::Left), ("size", Align::Right)]);
    let files = run_files(folder).into_iter();
    files
        .fold(table, |table, file| table.row([shown(Path::new(&file.name)), bytes(file.stamp.size)]))
        .to_string()
}
