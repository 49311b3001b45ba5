//! `/api/sweep`: where a sweep stands, what it found, and what mattered.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use serde_json::{Map, Value, json};
use umwelt_base::jsonl;
use umwelt_runs::registry::{Run, compared_by, is_in_group};
use umwelt_runs::study::Study;
use umwelt_runs::sweeps::{Failure, RUNGS, SweepPlan, failures_in};
use umwelt_runs::{Headline, RunState, RunSummary};

use crate::ApiError;
use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::groups::differing;
use crate::importance::{Scored, importance};
use crate::query::Parameters;

/// The runs of a sweep, as their folders show them.
pub struct Sweep {
    pub name: String,
    pub runs: Vec<Run>,
    /// What the sweep varies without the seed: by its plan, else the settings that differ.
    pub varied: Vec<String>,
    /// The plan in the sweep's folder, if it has the runs there.
    plan: Option<SweepPlan>,
    /// What the plan varies in each run, by the name of the run's folder.
    planned: HashMap<String, Vec<(String, String)>>,
    /// The score to compare by; `None` before the first evaluation.
    pub by: Option<Headline>,
    /// Failed starts by the name of the run's folder.
    failures: HashMap<String, Failure>,
}

pub fn sweep(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let sweep = Sweep::of(dashboard, query)?;
    json(&json!({
        "name": sweep.name,
        "standing": standing(&sweep),
        "parameters": sweep.parameters(),
        "metric": sweep.by,
        "trials": sweep.runs.iter().map(|run| sweep.trial(run)).collect::<Vec<_>>(),
        "importance": sweep.importance(),
        "best": sweep.best_so_far(),
        "rungs": rungs(dashboard, &sweep.name)?,
        "report": sweep.report(),
    }))
}

impl Sweep {
    /// The sweep that the address names.
    ///
    /// # Errors
    /// No run belongs to a sweep of that name, or none has the score `metric`.
    pub fn of(dashboard: &Dashboard, query: &Parameters) -> Result<Self, ApiError> {
        let name = query.required("name")?.trim_matches('/').to_owned();
        let snapshot = dashboard.runs()?;
        let members: Vec<_> = snapshot.runs.iter().filter(|run| is_in_group(run, &name)).collect();
        if members.is_empty() {
            let hint = "/api/about lists the sweeps";
            return Err(ApiError::missing(format!("there is no sweep `{name}`"), hint));
        }
        let runs: Vec<Run> = members.into_iter().map(|run| dashboard.with_folder(run)).collect();
        let summaries: Vec<&RunSummary> = runs.iter().map(|run| &run.summary).collect();
        let folder = dashboard.registry.folder_of(&name);
        let plan = SweepPlan::read(&folder);
        let runs_of = plan.iter().flat_map(|plan| &plan.runs);
        let planned: HashMap<_, _> = runs_of.map(|run| (run.name.clone(), run.varied.clone())).collect();
        let plan = plan.filter(|_| summaries.iter().any(|run| planned.contains_key(run.folder_name())));
        let mut varied = plan.as_ref().map_or_else(|| differing(&summaries), SweepPlan::varied);
        varied.retain(|key| key != "seed");
        let by = match query.last("metric") {
            Some(metric) => Some(compared_by(&summaries, Some(metric))?),
            None => compared_by(&summaries, None).ok(),
        };
        let failures = failures_in(&folder).unwrap_or_default();
        Ok(Self { name, runs, varied, plan, planned, by, failures })
    }

    fn score(&self, run: &Run) -> Option<f64> {
        run.summary.score(&self.by.as_ref()?.name).filter(|score| score.is_finite())
    }

    /// The value that `run` has of what the sweep varies: a setting, or the name of a group of
    /// settings.
    fn value(&self, run: &Run, key: &str) -> Option<Value> {
        let named = || {
            let (_, text) =
                self.planned.get(run.summary.folder_name())?.iter().find(|(name, _)| name == key)?;
            let number = serde_json::from_str::<Value>(text).ok().filter(Value::is_number);
            Some(number.unwrap_or_else(|| text.as_str().into()))
        };
        run.summary.settings.get(key).cloned().or_else(named)
    }

    fn parameters(&self) -> Vec<Value> {
        let values = |key: &String| {
            let mut values: Vec<Value> = Vec::new();
            for value in self.runs.iter().filter_map(|run| self.value(run, key)) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            json!({"key": key, "values": values})
        };
        self.varied.iter().map(values).collect()
    }

    fn trial(&self, run: &Run) -> Value {
        let summary = &run.summary;
        let setting = |key: &String| (key.clone(), self.value(run, key).unwrap_or_default());
        let values: Map<String, Value> = self.varied.iter().map(setting).collect();
        json!({
            "run": summary.name,
            "state": summary.state,
            "values": values,
            "seed": summary.settings.get("seed"),
            "score": self.score(run),
            "error": self.error(run),
        })
    }

    /// The error of a run that failed, by its status or by the log of its scheduler.
    fn error(&self, run: &Run) -> Option<String> {
        let failure = self.failures.get(run.summary.folder_name());
        match run.summary.state {
            RunState::Failed | RunState::Damaged => run.summary.message.clone(),
            RunState::Lost | RunState::Interrupted => failure.map(|failure| failure.error.clone()),
            _ => None,
        }
    }

    fn importance(&self) -> Value {
        let Some(by) = &self.by else { return Value::Null };
        let scored = self.runs.iter().filter(|run| run.summary.state == RunState::Finished);
        let scored = scored.filter_map(|run| {
            let values = self.varied.iter().map(|key| self.value(run, key).unwrap_or_default()).collect();
            Some(Scored { values, loss: by.goal.loss(self.score(run)?) })
        });
        json!(importance(&self.varied, &scored.collect::<Vec<_>>()))
    }

    /// The finished runs that were better than all that started before them.
    fn best_so_far(&self) -> Vec<Value> {
        let Some(by) = &self.by else { return vec![] };
        let mut finished: Vec<(&Run, f64)> = self
            .runs
            .iter()
            .filter(|run| run.summary.state == RunState::Finished)
            .filter_map(|run| Some((run, self.score(run)?)))
            .collect();
        finished.sort_by(|(a, _), (b, _)| {
            let started = |run: &Run| run.summary.started_at.unwrap_or(f64::INFINITY);
            started(a).total_cmp(&started(b)).then_with(|| a.summary.name.cmp(&b.summary.name))
        });
        let mut best = by.goal.worst();
        let better = |(trial, (run, score)): (usize, (&Run, f64))| {
            by.goal.better(score, best).then(|| {
                best = score;
                json!({"trial": trial + 1, "run": run.summary.name, "score": score})
            })
        };
        finished.into_iter().enumerate().filter_map(better).collect()
    }

    /// The study of the runs, drawn as `umwelt report` draws it; without a plan as it draws one that
    /// has no options.
    ///
    /// # Errors
    /// No run has a score yet.
    pub fn study(&self) -> Result<Study, ApiError> {
        let none =
            || ApiError::missing("no run of the sweep has a score yet", "wait for the first evaluation");
        let by = self.by.as_ref().ok_or_else(none)?;
        Ok(match &self.plan {
            Some(plan) => Study::of_plan(&self.name, &self.runs, plan.clone())?,
            None => Study::of_runs(&self.name, &self.runs, &self.varied, by)?,
        })
    }

    fn report(&self) -> Value {
        match self.study() {
            Ok(study) => json!({
                "table": study.table().to_string(),
                "markdown": study.markdown(),
                "figure": study.figure().svg(),
            }),
            Err(error) => json!({"error": error.error}),
        }
    }
}

/// The number of runs in each state, and the failed ones with their errors.
fn standing(sweep: &Sweep) -> Value {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in &sweep.runs {
        *counts.entry(run.summary.state.to_string()).or_default() += 1;
    }
    let failed = sweep
        .runs
        .iter()
        .filter_map(|run| Some(json!({"run": run.summary.name, "error": sweep.error(run)?})));
    json!({"runs": sweep.runs.len(), "counts": counts, "failed": failed.collect::<Vec<_>>()})
}

/// The standing of the sweep `name`, for an event.
pub fn standing_of(dashboard: &Dashboard, name: &str) -> Result<Value, ApiError> {
    let query = Parameters::parse(&format!("name={}", crate::query::encoded(name)));
    Ok(standing(&Sweep::of(dashboard, &query)?))
}

/// The results at the rungs of early stopping.
fn rungs(dashboard: &Dashboard, name: &str) -> Result<Vec<Value>, ApiError> {
    let path = dashboard.registry.folder_of(name).join(RUNGS);
    Ok(jsonl::read(&path).with_context(|| format!("could not read {}", path.display()))?)
}
