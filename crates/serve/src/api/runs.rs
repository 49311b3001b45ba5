//! `/api/runs`: the table, a window of it at a time.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use umwelt_runs::registry::{Filter, OWN, Query, check_key, value};
use umwelt_runs::{Goal, RunSummary, unix_seconds};

use crate::ApiError;
use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::groups::{differing, groups, mean_and_deviation};
use crate::numbers::number;
use crate::query::Parameters;

/// The most rows of a window.
const WINDOW: usize = 1000;
/// The most columns of settings and of scores that are shown unasked.
const MOST_COLUMNS: usize = 30;
/// The columns of a run itself that are shown unasked.
const SHOWN: [&str; 3] = ["state", "progress", "age"];

pub fn runs(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let (snapshot, now) = (dashboard.runs()?, unix_seconds());
    let runs = selected(&snapshot.runs, query, now)?;
    let columns = columns(&runs, query)?;
    let from = query.bounded("from", 0, 0, usize::MAX)?;
    let count = query.bounded("count", 200, 0, WINDOW)?;
    let rows: Vec<Value> = runs.iter().skip(from).take(count).map(|run| row(run, &columns, now)).collect();
    json(&json!({
        "total": runs.len(),
        "all": snapshot.runs.len(),
        "from": from,
        "columns": described(&columns, &runs),
        "rows": rows,
        "groups": query.last("group").map(|by| grouped(&runs, by, &columns, now)).transpose()?,
        "stamp": snapshot.number,
    }))
}

/// The runs that match the words of `where`, sorted as the address says.
pub fn selected(
    runs: &[Arc<RunSummary>],
    query: &Parameters,
    now: f64,
) -> Result<Vec<Arc<RunSummary>>, ApiError> {
    if runs.is_empty() {
        return Ok(vec![]);
    }
    let words = query.all("where").flat_map(str::split_whitespace);
    let filters = words.map(str::parse).collect::<Result<Vec<Filter>, _>>()?;
    let sort = query.last("sort").unwrap_or("age").to_owned();
    let group = query.last("sweep").map(str::to_owned);
    let all = Query { group, sort, reverse: query.flag("reverse"), ..Query::filtered(filters) };
    Ok(all.select(runs.to_vec(), now)?)
}

/// The columns that the address names, or else own ones, differing settings and scores.
pub fn columns(runs: &[Arc<RunSummary>], query: &Parameters) -> Result<Vec<String>, ApiError> {
    if let Some(named) = query.last("columns") {
        let named: Vec<String> = named.split(',').map(str::to_owned).collect();
        named.iter().filter(|_| !runs.is_empty()).try_for_each(|column| check_key(column, runs))?;
        return Ok(named);
    }
    let own = SHOWN.map(str::to_owned).into_iter();
    Ok(own.chain(differing(runs).into_iter().take(MOST_COLUMNS)).chain(scores(runs)).collect())
}

/// The names of scores: the headline ones first.
fn scores(runs: &[Arc<RunSummary>]) -> Vec<String> {
    let headline = runs.iter().flat_map(|run| run.headline.iter().map(|headline| &headline.name));
    let mut names: Vec<&String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for name in headline.chain(runs.iter().flat_map(|run| run.scores.keys())) {
        if seen.insert(name) {
            names.push(name);
        }
    }
    names.into_iter().take(MOST_COLUMNS).cloned().collect()
}

fn described(columns: &[String], runs: &[Arc<RunSummary>]) -> Vec<Value> {
    let differing: std::collections::HashSet<String> = differing(runs).into_iter().collect();
    let described = |key: &String| {
        let is_score = || runs.iter().any(|run| run.scores.contains_key(key));
        let kind = if OWN.contains(&&**key) {
            "own"
        } else if is_score() {
            "score"
        } else {
            "setting"
        };
        let headline = runs.iter().flat_map(|run| &run.headline).find(|headline| headline.name == *key);
        json!({
            "key": key,
            "kind": kind,
            "differs": differing.contains(key),
            "lower_is_better": headline.map(|headline| headline.goal == Goal::Minimize),
            "unit": headline.map(|headline| &headline.unit),
        })
    };
    columns.iter().map(described).collect()
}

/// A row of the table.
pub fn row(run: &RunSummary, columns: &[String], now: f64) -> Value {
    let values: Vec<Value> = columns.iter().map(|column| value(run, column, now)).collect();
    json!({"name": run.name, "state": run.state, "values": values, "heartbeat": run.heartbeat})
}

fn grouped(runs: &[Arc<RunSummary>], by: &str, columns: &[String], now: f64) -> Result<Vec<Value>, ApiError> {
    if !["seed", "sweep"].contains(&by) && !runs.is_empty() {
        check_key(by, runs)?;
    }
    let group = |(key, places): (String, Vec<usize>)| {
        let (mut means, mut deviations) = (Map::new(), Map::new());
        for column in columns {
            let numbers = places.iter().map(|&place| value(&runs[place], column, now).as_f64());
            let numbers: Vec<f64> = numbers.flatten().collect();
            if !numbers.is_empty() {
                let (mean, deviation) = mean_and_deviation(&numbers);
                means.insert(column.clone(), number(mean));
                deviations.insert(column.clone(), number(deviation));
            }
        }
        let names: Vec<&str> = places.iter().map(|&place| &*runs[place].name).collect();
        json!({"key": key, "n": places.len(), "runs": names, "means": means, "deviations": deviations})
    };
    Ok(groups(runs, by, now).into_iter().map(group).collect())
}
