//! `/api/run`: all that is known about one run.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use umwelt_runs::registry::{self, Run, RunFile, open_beneath, run_files};
use umwelt_runs::{EVALUATION, NOTES, ScoreCard};
use umwelt_settings as settings;

use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::columns::{Column, EPOCH, Log};
use crate::numbers::number;
use crate::query::Parameters;

/// The time that a first look at a log may take.
const PATIENCE: Duration = Duration::from_millis(300);
/// The most bytes of a JSON file of a run.
const MOST_JSON: u64 = 8 << 20;

pub fn run(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let run = dashboard.run(query.required("name")?)?;
    let (evaluation, environment) = (file(&run, EVALUATION), file(&run, "environment.json"));
    let card: ScoreCard = serde_json::from_value(evaluation.clone()).unwrap_or_default();
    let files = run_files(&run.folder);
    let logged = |log: &Log| json!({"keys": logged(log, &card), "complete": log.is_complete()});
    let logged = dashboard.store.with(&run.summary.name, &run.folder, PATIENCE, logged)?;
    json(&json!({
        "summary": without_settings(&run),
        "room": dashboard.rooms.get().and_then(|rooms| rooms.iter().find(|room| room.opens(&run.summary))),
        "status": file(&run, "status.json"),
        "settings": settings_of(dashboard, &run),
        "environment": environment,
        "evaluation": evaluation,
        "baselines": card.baselines,
        "figures": files.iter().filter_map(figure).collect::<Vec<_>>(),
        "files": files.iter().map(described).collect::<Vec<_>>(),
        "logged": logged["keys"],
        "complete": logged["complete"],
        "command": registry::command(&run.folder),
        "again": registry::rerun(&run, &[]).command(),
        "notes": text(&run, NOTES),
    }))
}

/// The JSON in a file of a run; null if it is missing or damaged.
pub fn file(run: &Run, name: &str) -> Value {
    let read = || serde_json::from_str(&text(run, name)?).ok();
    read().unwrap_or_default()
}

/// A small text file of a run.
fn text(run: &Run, name: &str) -> Option<String> {
    let mut text = String::new();
    let file = open_beneath(&run.folder, Path::new(name)).ok()?;
    file.take(MOST_JSON).read_to_string(&mut text).ok()?;
    Some(text)
}

fn without_settings(run: &Run) -> Value {
    let mut summary = json!(run.summary);
    if let Some(fields) = summary.as_object_mut() {
        fields.remove("settings");
    }
    summary
}

/// The settings with their defaults; a default is left out if this version cannot read the settings.
fn settings_of(dashboard: &Dashboard, run: &Run) -> Value {
    let changed = dashboard.changed_settings(run);
    let defaults: Option<HashMap<String, Value>> =
        changed.map(|changed| changed.into_iter().map(|d| (d.key, settings::plain(&d.right))).collect());
    let entry = |(key, value): (&String, &Value)| {
        let default = defaults.as_ref().map(|known| known.get(key).unwrap_or(value));
        (key.clone(), json!({"value": value, "default": default}))
    };
    run.summary.settings.iter().map(entry).collect::<Map<_, _>>().into()
}

/// The logged keys with their last and best values. The best of a score is by its goal, of other
/// numbers the least.
fn logged(log: &Log, card: &ScoreCard) -> Vec<Value> {
    let keys = log.columns().keys().filter(|key| *key != EPOCH);
    let described = |key: &str| {
        let column = log.columns().get(key)?;
        let (step, last) = column.last()?;
        let goal = card.score(key).map(|score| score.goal).unwrap_or_default();
        let best = finite(column).reduce(|a, b| if goal.better(b, a) { b } else { a });
        Some(json!({
            "key": key,
            "points": column.values.len(),
            "step": number(step),
            "last": number(last),
            "best": best,
            "min": finite(column).reduce(f64::min),
            "max": finite(column).reduce(f64::max),
        }))
    };
    keys.filter_map(described).collect()
}

fn finite(column: &Column) -> impl Iterator<Item = f64> {
    column.values.iter().copied().filter(|value| value.is_finite())
}

fn described(file: &RunFile) -> Value {
    json!({"name": file.name, "bytes": file.stamp.size, "modified": file.stamp.modified_seconds()})
}

/// A figure among the files: an SVG or PNG below `figures/`. Digits at the end of its name are the
/// step at which it was drawn.
fn figure(file: &RunFile) -> Option<Value> {
    let (name, kind) = file.name.strip_prefix("figures/")?.rsplit_once('.')?;
    if !["svg", "png"].contains(&kind) {
        return None;
    }
    let (title, step) = match name.rsplit_once('-') {
        Some((title, digits)) if !title.is_empty() => (title, digits.parse::<u64>().ok()),
        _ => (name, None),
    };
    let title = if step.is_some() { title } else { name };
    let (file, modified) = (&file.name, file.stamp.modified_seconds());
    Some(json!({"name": title, "file": file, "step": step, "type": kind, "modified": modified}))
}
