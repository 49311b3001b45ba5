//! The comparison of several runs: their different settings and their scores.

use super::{Run, format::text};
use crate::{Record, RunSummary};
use umwelt_charts::{Align, Table, format::measured};

/// A setting that differs between all runs, since each run has its own folder.
const ALWAYS_DIFFERENT: &str = "output_path";

/// Two tables with a column per run: the settings that differ, and the scores.
pub fn comparison(runs: &[Run]) -> String {
    let columns = |first: &'static str, align: Align| {
        let names = runs.iter().map(move |run| (run.summary.name.as_str(), align));
        Table::new([(first, Align::Left)].into_iter().chain(names))
    };
    let row = |key: &str, cells: Vec<Option<String>>| {
        [key.to_owned()]
            .into_iter()
            .chain(cells.into_iter().map(Option::unwrap_or_default))
            .collect::<Vec<_>>()
    };
    let differing = keys(runs, |run| &run.settings).into_iter().filter_map(|key| {
        let shown = cells(runs, |run| run.settings.get(key).map(text));
        let differs = key != ALWAYS_DIFFERENT && shown.iter().any(|cell| *cell != shown[0]);
        differs.then(|| row(key, shown))
    });
    let differing: Vec<_> = differing.collect();
    let settings = if differing.is_empty() {
        "the settings are the same\n".to_owned()
    } else {
        differing.into_iter().fold(columns("setting", Align::Right), Table::row).to_string()
    };
    let scored = keys(runs, |run| &run.scores);
    let scores = scored.into_iter().map(|key| row(key, cells(runs, |run| run.score(key).map(measured))));
    let states = row("state", cells(runs, |run| Some(run.state.to_string())));
    let scores = scores.fold(columns("score", Align::Right).row(states), Table::row);
    format!("{settings}\n{scores}")
}

fn cells(runs: &[Run], cell: impl Fn(&RunSummary) -> Option<String>) -> Vec<Option<String>> {
    runs.iter().map(|run| cell(&run.summary)).collect()
}

/// The keys of all runs, in the order of their first occurrence.
fn keys<'a>(runs: &'a [Run], of: impl Fn(&'a RunSummary) -> &'a Record) -> Vec<&'a str> {
    let mut keys: Vec<&str> = Vec::new();
    for key in runs.iter().flat_map(|run| of(&run.summary).keys()) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys
}
