//! `/api/compare`: runs side by side.

use serde_json::{Value, json};
use umwelt_runs::registry::Run;
use umwelt_runs::{Goal, Record, ScoreCard};

use crate::ApiError;
use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::groups::differing;
use crate::query::Parameters;

use super::series::LINES;

pub fn compare(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let names: Vec<&str> = query.all("run").collect();
    if names.is_empty() || names.len() > LINES {
        return Err(ApiError::bad(
            "`run` is missing or there are too many",
            format!("name 1 to {LINES} runs"),
        ));
    }
    let runs = dashboard.runs_named(names.into_iter())?;
    let summaries: Vec<_> = runs.iter().map(|run| &run.summary).collect();
    let differing = differing(&summaries);
    let setting = |key: &str| {
        let differs = differing.iter().any(|known| known == key);
        json!({"key": key, "values": values(&runs, key, |run| &run.summary.settings), "differs": differs})
    };
    let cards: Vec<ScoreCard> =
        runs.iter().map(|run| ScoreCard::read(&run.folder).unwrap_or_default()).collect();
    let score = |key: &str| {
        let known = cards.iter().find_map(|card| card.score(key));
        let baselines: Vec<Vec<Value>> = cards
            .iter()
            .map(|card| card.baselines_of(key).map(|baseline| json!(baseline)).collect())
            .collect();
        json!({
            "key": key,
            "values": values(&runs, key, |run| &run.summary.scores),
            "baselines": baselines,
            "unit": known.map(|score| &score.unit),
            "title": known.map(|score| &score.title),
            "lower_is_better": known.map(|score| score.goal == Goal::Minimize),
        })
    };
    let named = |run: &Run| json!({"name": run.summary.name, "state": run.summary.state});
    json(&json!({
        "runs": runs.iter().map(named).collect::<Vec<_>>(),
        "settings": keys(&runs, |run| &run.summary.settings).into_iter().map(setting).collect::<Vec<_>>(),
        "scores": keys(&runs, |run| &run.summary.scores).into_iter().map(score).collect::<Vec<_>>(),
    }))
}

fn values<'a>(runs: &'a [Run], key: &str, of: impl Fn(&'a Run) -> &'a Record) -> Vec<Option<&'a Value>> {
    runs.iter().map(|run| of(run).get(key)).collect()
}

/// The keys of all runs, in the order of their first occurrence.
fn keys<'a>(runs: &'a [Run], of: impl Fn(&'a Run) -> &'a Record) -> Vec<&'a str> {
    let mut keys: Vec<&str> = Vec::new();
    for key in runs.iter().flat_map(|run| of(run).keys()) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys
}
