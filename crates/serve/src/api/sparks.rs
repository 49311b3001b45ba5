//! `/api/sparks`: small curves for the rows of the table.

use std::time::{Duration, Instant};

use serde_json::{Map, json};

use crate::ApiError;
use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::columns::Log;
use crate::curves::{Grid, smooth_line};
use crate::numbers::Numbers;
use crate::query::Parameters;

/// The points of a small curve.
const POINTS: usize = 40;
/// The most rows of one request.
const ROWS: usize = 200;
const PATIENCE: Duration = Duration::from_millis(500);

/// The means of at most 40 buckets of each run. A run without the key has no curve.
pub fn sparks(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let key = query.required("key")?;
    let names: Vec<&str> = query.all("run").collect();
    if names.len() > ROWS {
        return Err(ApiError::bad(
            format!("{} runs are too many", names.len()),
            format!("name at most {ROWS}"),
        ));
    }
    let (started, mut sparks, mut complete) = (Instant::now(), Map::new(), true);
    for run in dashboard.runs_named(names.into_iter())? {
        let left = PATIENCE.saturating_sub(started.elapsed());
        let read = |log: &Log| {
            (log.columns().get(key).map(|column| spark(&column.steps, &column.values)), log.is_complete())
        };
        let (spark, is_complete) = dashboard.store.with(&run.summary.name, &run.folder, left, read)?;
        complete &= is_complete;
        if let Some((xs, ys)) = spark {
            sparks.insert(run.summary.name, json!({"x": Numbers(xs), "y": Numbers(ys)}));
        }
    }
    json(&json!({"key": key, "complete": complete, "sparks": sparks}))
}

fn spark(steps: &[f64], values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (first, last) = (steps.first().copied().unwrap_or(0.0), steps.last().copied().unwrap_or(0.0));
    let line = smooth_line(steps, values, Grid::of(steps.len().max(2 * POINTS), first, last, POINTS));
    (line.xs, line.ys)
}
