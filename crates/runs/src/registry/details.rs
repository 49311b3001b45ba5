//! Everything about one run on a page.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{
    Run, quoted, shown,
    wording::{local, text},
};
use crate::{Record, RunSummary, ScoreCard, read_json};
use umwelt_charts::{
    Align, Table,
    format::{age, bytes, measured, span},
};
use umwelt_settings::{self as settings, Schema};

/// State, times, command, environment, settings that are not `T`'s defaults, scores, floors and files.
pub fn details<T: Schema>(run: &Run, now: f64) -> String {
    let environment = read_json(&run.folder.join("environment.json"));
    let facts = facts(run, &environment, now);
    let facts: String = facts.into_iter().map(|(name, told)| format!("{name:<12} {told}\n")).collect();
    let parts = [facts, changed_settings::<T>(&run.folder), scores(run), files(&run.folder)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The command that made a run, for a shell.
pub fn command(folder: &Path) -> Option<String> {
    command_in(&read_json(&folder.join("environment.json")))
}

fn command_in(environment: &Record) -> Option<String> {
    let words = environment.get("command")?.as_array()?;
    Some(quoted(&words.iter().map(text).collect::<Vec<_>>()))
}

fn facts(run: &Run, environment: &Record, now: f64) -> Vec<(&'static str, String)> {
    let summary = &run.summary;
    let moment = |seconds: f64| format!("{}, {} ago", local(seconds), age(now - seconds));
    let told = |names: &[(&str, &str)]| {
        let value = |key: &str| environment.get(key).filter(|value| !value.is_null()).map(text);
        let parts = names.iter().filter_map(|(before, key)| Some(format!("{before}{}", value(key)?)));
        Some(parts.collect::<Vec<_>>().join(", ")).filter(|told| !told.is_empty())
    };
    let facts = [
        ("run", Some(shown(&run.folder))),
        ("state", Some(state(summary))),
        ("message", summary.message.clone()),
        ("started", summary.started_at.map(moment)),
        ("last sign", summary.heartbeat.map(moment)),
        (
            "spent",
            Some(format!(
                "{} training, {} evaluating",
                span(summary.training_seconds),
                span(summary.evaluating_seconds)
            )),
        ),
        ("command", command_in(environment)),
        ("made with", told(&[("umwelt ", "umwelt"), ("libtorch ", "libtorch"), ("commit ", "git_commit")])),
        ("made on", told(&[("", "host"), ("", "operating_system"), ("", "processor")])),
        ("computed on", told(&[("", "device"), ("threads: ", "threads")])),
    ];
    facts.into_iter().filter_map(|(name, told)| Some((name, told?))).collect()
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
        Err(error) => return format!("its settings are none of this version: {error}\n"),
    };
    let table = Table::new([("setting", Align::Left), ("here", Align::Right), ("default", Align::Right)]);
    let differences = settings::differences(&loaded.defaults(), &loaded).into_iter();
    differences.fold(table, |table, d| table.row([d.key, d.right, d.left])).to_string()
}

/// The scores, and the baselines of the scores that the run is about.
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

/// A table with a row a number; nothing where there are none.
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
    let mut files = Vec::new();
    collect_files(folder, "", &mut files);
    files.sort();
    files.into_iter().fold(table, |table, (name, size)| table.row([name, bytes(size)])).to_string()
}

fn collect_files(folder: &Path, below: &str, files: &mut Vec<(String, u64)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{below}{}", shown(Path::new(&entry.file_name())));
        match entry.metadata() {
            Ok(found) if found.is_dir() => collect_files(&entry.path(), &format!("{name}/"), files),
            Ok(found) => files.push((name, found.len())),
            Err(_) => {}
        }
    }
}
