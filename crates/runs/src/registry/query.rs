//! The selection and order of listed runs.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use clap::ValueEnum;
use serde_json::Value;

use super::columns::{OWN, value};
use super::format::text;
use umwelt_base::UserError;

use super::Filter;
use crate::{Goal, Headline, RunState, RunSummary, SCORE};
use umwelt_settings::{for_unknown_choice, for_unknown_name};

/// The runs to list, and their order.
#[derive(Clone, Debug)]
pub struct Query {
    pub filters: Vec<Filter>,
    /// Only runs of this sweep.
    pub group: Option<String>,
    /// The column to sort by; runs without a value come last.
    pub sort: String,
    pub reverse: bool,
    pub limit: Option<usize>,
}

impl Query {
    /// All runs that match `filters`, the newest first.
    pub fn filtered(filters: Vec<Filter>) -> Self {
        Self { filters, group: None, sort: "age".into(), reverse: false, limit: None }
    }

    /// The selected ones of `runs`, sorted.
    ///
    /// # Errors
    /// A key that is a column of no run, or an unknown state.
    pub fn select<R: Borrow<RunSummary>>(&self, mut runs: Vec<R>, now: f64) -> Result<Vec<R>, UserError> {
        for filter in &self.filters {
            check_key(&filter.key, &runs)?;
            check_state(filter)?;
        }
        check_key(&self.sort, &runs)?;
        let in_group = |run: &RunSummary| self.group.as_ref().is_none_or(|group| is_in_group(run, group));
        let matches = |run: &RunSummary| self.filters.iter().all(|filter| filter.matches(run, now));
        runs.retain(|run| in_group(run.borrow()) && matches(run.borrow()));
        let key = |run: R| (value(run.borrow(), &self.sort, now), run);
        let mut keyed: Vec<(Value, R)> = runs.into_iter().map(key).collect();
        keyed.sort_by(|(a, x), (b, y)| {
            order(a, b, self.reverse).then_with(|| x.borrow().name.cmp(&y.borrow().name))
        });
        Ok(keyed.into_iter().map(|(_, run)| run).take(self.limit.unwrap_or(usize::MAX)).collect())
    }
}

/// The score to compare `runs` by: `metric`, or else the first headline score that they share.
///
/// # Errors
/// No run has the score, or the runs have different first headline scores, which the error lists.
pub fn compared_by<R: Borrow<RunSummary>>(runs: &[R], metric: Option<&str>) -> Result<Headline, UserError> {
    let headlines = || runs.iter().flat_map(|run| &run.borrow().headline);
    if let Some(name) = metric {
        check_score(runs, name)?;
        let known = headlines().find(|headline| headline.name == name);
        let unknown = || Headline { name: name.to_owned(), goal: Goal::default(), unit: String::new() };
        return Ok(known.cloned().unwrap_or_else(unknown));
    }
    let mut first: Vec<&Headline> = runs.iter().filter_map(|run| run.borrow().headline.first()).collect();
    first.sort_by_key(|headline| &headline.name);
    first.dedup_by_key(|headline| &headline.name);
    match first[..] {
        [only] => Ok(only.clone()),
        // Runs of earlier versions have no score card.
        [] => compared_by(runs, Some(SCORE)),
        _ => {
            let names: Vec<&str> = first.iter().map(|headline| headline.name.as_str()).collect();
            let reason = "these runs have different headline scores";
            Err(UserError(format!("{reason}: {}; choose one with --metric, or filter", names.join(", "))))
        }
    }
}

fn check_score<R: Borrow<RunSummary>>(runs: &[R], metric: &str) -> Result<(), UserError> {
    let known: BTreeSet<&str> =
        runs.iter().flat_map(|run| run.borrow().scores.keys()).map(String::as_str).collect();
    let known: Vec<String> = known.into_iter().map(ToOwned::to_owned).collect();
    if known.iter().any(|name| name == metric) {
        return Ok(());
    }
    let hint = if known.is_empty() { "no run has any yet".into() } else { for_unknown_name(metric, &known) };
    Err(UserError(format!("--metric {metric}: no run has this score; {hint}")))
}

/// The best of the finished ones of `runs` by a score, and the number of finished runs with that
/// score.
///
/// # Errors
/// No finished run has the score.
pub fn best(runs: Vec<RunSummary>, by: &Headline) -> Result<(RunSummary, usize), UserError> {
    let finished = runs.into_iter().filter(|run| run.state == RunState::Finished);
    let mut scored: Vec<_> = finished.filter_map(|run| Some((run.score(&by.name)?, run))).collect();
    let count = scored.len();
    scored.sort_by(|(a, _), (b, _)| by.goal.order(*a, *b));
    let (_, best) = scored.into_iter().next().ok_or_else(|| {
        let name = &by.name;
        UserError(format!("no finished run has {name} yet; `umwelt runs ls` shows their progress"))
    })?;
    Ok((best, count))
}

/// Refuses a key that no run has, and suggests the nearest ones.
pub fn check_key<R: Borrow<RunSummary>>(key: &str, runs: &[R]) -> Result<(), UserError> {
    let runs = || runs.iter().map(Borrow::borrow);
    let has = |run: &RunSummary| run.scores.contains_key(key) || run.settings.contains_key(key);
    if OWN.contains(&key) || runs().any(has) {
        return Ok(());
    }
    let mut known: Vec<String> = OWN.map(ToOwned::to_owned).into();
    known.extend(runs().flat_map(|run| run.scores.keys()).collect::<BTreeSet<_>>().into_iter().cloned());
    known.extend(runs().flat_map(|run| run.settings.keys()).collect::<BTreeSet<_>>().into_iter().cloned());
    Err(UserError(format!("no run has `{key}`; {}", for_unknown_name(key, &known))))
}

fn check_state(filter: &Filter) -> Result<(), UserError> {
    let Some(wanted) = filter.compared_for_equality().filter(|_| filter.key == "state") else {
        return Ok(());
    };
    if RunState::from_str(wanted, true).is_ok() {
        return Ok(());
    }
    let states: Vec<String> = RunState::value_variants().iter().map(ToString::to_string).collect();
    let choices: Vec<&str> = states.iter().map(String::as_str).collect();
    let hint = for_unknown_choice(wanted, &choices);
    Err(UserError(format!("unknown state `{wanted}`; choose one of {}{hint}", choices.join(", "))))
}

/// True if `run` lies in the folder `group` or has it as its `run_group`.
pub fn is_in_group(run: &RunSummary, group: &str) -> bool {
    let in_folder = run.name.strip_prefix(group).is_some_and(|rest| rest.starts_with('/'));
    in_folder || run.settings.get("run_group").and_then(Value::as_str) == Some(group)
}

/// Numbers before text, and null last in both directions.
fn order(a: &Value, b: &Value, reverse: bool) -> Ordering {
    let present = match (a.is_null(), b.is_null()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => text(a).cmp(&text(b)),
        },
    };
    if reverse { present.reverse() } else { present }
}
