//! `/api/keys`: the names that menus offer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use umwelt_runs::unix_seconds;

use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::query::Parameters;

/// The most values of a setting.
const VALUES: usize = 50;
/// The runs whose logs are looked at for names.
const LOGS: usize = 20;

pub fn keys(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let snapshot = dashboard.runs()?;
    let runs = super::runs::selected(&snapshot.runs, query, unix_seconds())?;
    let mut settings: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (key, value) in runs.iter().flat_map(|run| &run.settings) {
        let values = settings.entry(key).or_default();
        if values.len() < VALUES && !values.contains(&value) {
            values.push(value);
        }
    }
    let count = |key: &str| runs.iter().filter(|run| run.settings.contains_key(key)).count();
    let settings: Vec<Value> = settings
        .iter()
        .map(|(key, values)| json!({"key": key, "values": values, "count": count(key)}))
        .collect();
    let scores: BTreeSet<&String> = runs.iter().flat_map(|run| run.scores.keys()).collect();
    let mut logged: BTreeSet<String> = BTreeSet::new();
    for run in runs.iter().take(LOGS) {
        let folder = dashboard.registry.folder_of(&run.name);
        dashboard.store.with(&run.name, &folder, std::time::Duration::ZERO, |log| {
            logged.extend(log.columns().keys().map(str::to_owned));
        })?;
    }
    json(&json!({"settings": settings, "scores": scores, "logged": logged}))
}
