//! `/api/series`: the curves of one key for a chart.

use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use umwelt_runs::registry::Run;
use umwelt_runs::{ScoreCard, unix_seconds};

use crate::ApiError;
use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::columns::{Columns, STEP};
use crate::curves::{Curve, Grid, Smoothing, band, joined, visible};
use crate::groups::groups;
use crate::numbers::{Numbers, number};
use crate::query::Parameters;

/// The most lines of a chart.
pub const LINES: usize = 50;
/// The most runs that are read for one chart.
const MEMBERS: usize = 500;
/// The most pixels of a chart.
const PIXELS: usize = 4000;
/// The most values that are not finite and are listed.
const BAD: usize = 1000;
/// The time that one request reads logs for; the page asks again for the rest.
const PATIENCE: Duration = Duration::from_millis(500);

pub fn series(dashboard: &Dashboard, query: &Parameters) -> Answer {
    json(&chart(dashboard, query)?.to_json())
}

/// The curves of one request.
pub struct Chart {
    pub key: String,
    pub x: String,
    pub lines: Vec<ChartLine>,
    pub baselines: Vec<(String, f64)>,
    complete: bool,
    bad: Vec<Value>,
}

/// One line of a chart: of a run, or the mean of a group.
pub struct ChartLine {
    pub name: String,
    pub xs: Vec<f64>,
    pub ys: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    /// The standard deviations of a group.
    pub deviations: Vec<f64>,
    /// The members of a group in each bucket.
    counts: Vec<usize>,
    members: usize,
    /// True if the points are measured values, and no means.
    raw: bool,
    /// The width of a bucket; 0 if every point is there.
    width: f64,
    last_step: Option<f64>,
}

/// What a request asks of each run.
struct Request {
    key: String,
    x: String,
    from: Option<f64>,
    to: Option<f64>,
    since: Option<f64>,
    pixels: usize,
    smoothing: Smoothing,
}

/// The points of one run that are visible.
struct Points {
    run: String,
    curve: Curve,
    bad: Vec<(f64, f64)>,
    last_step: Option<f64>,
}

/// Reads the runs of a request and computes its curves.
///
/// # Errors
/// Unknown runs, more than 50 lines, or parameters out of range.
pub fn chart(dashboard: &Dashboard, query: &Parameters) -> Result<Chart, ApiError> {
    let request = Request::of(query)?;
    let names: Vec<&str> = query.all("run").collect();
    let by = query.last("by");
    let most = if by.is_some() { MEMBERS } else { LINES };
    if names.len() > most {
        let error = format!("{} runs are too many for one chart", names.len());
        return Err(ApiError::bad(error, format!("name at most {most}")));
    }
    let runs = dashboard.runs_named(names.into_iter())?;
    let started = Instant::now();
    let (mut points, mut complete, mut found) = (Vec::new(), true, false);
    for run in &runs {
        let left = PATIENCE.saturating_sub(started.elapsed());
        let read =
            |log: &crate::columns::Log| (request.points(&run.summary.name, log.columns()), log.is_complete());
        let (read, is_complete) = dashboard.store.with(&run.summary.name, &run.folder, left, read)?;
        complete &= is_complete;
        found |= read.is_ok();
        points.push(read);
    }
    // A key that only some of the runs have is a shorter chart; one that none has is a mistake.
    if complete && !found {
        points.drain(..).find_map(Result::err).map_or(Ok(()), Err)?;
    }
    let points: Vec<Option<Points>> = points.into_iter().map(Result::ok).collect();
    let lines = match by {
        None => points.iter().flatten().map(|points| request.line(points)).collect(),
        Some(by) => request.bands(&runs, &points, by)?,
    };
    let bad = points.iter().flatten().flat_map(|points| {
        let entry = |(step, value): &(f64, f64)| {
            json!({"run": points.run, "step": number(*step), "value": number(*value)})
        };
        points.bad.iter().map(entry)
    });
    let (bad, baselines) = (bad.take(BAD).collect(), baselines(&runs, &request.key));
    Ok(Chart { key: request.key, x: request.x, lines, baselines, complete, bad })
}

impl Request {
    fn of(query: &Parameters) -> Result<Self, ApiError> {
        let smoothing = query.last("smooth").map(str::parse).transpose();
        Ok(Self {
            key: query.required("key")?.to_owned(),
            x: query.last("x").unwrap_or(STEP).to_owned(),
            from: query.number("from")?,
            to: query.number("to")?,
            since: query.number("since")?,
            pixels: query.bounded("pixels", 800, 1, PIXELS)?,
            smoothing: smoothing.map_err(|error| ApiError::bad(error, "smooth=ema:0.9"))?.unwrap_or_default(),
        })
    }

    /// The visible points of a run, smoothed over the whole of its curve.
    fn points(&self, run: &str, columns: &Columns) -> Result<Points, ApiError> {
        let unknown = |key: &str| {
            let known: Vec<&str> = columns.keys().collect();
            ApiError::missing(format!("{run} has not logged `{key}`"), format!("it has {}", known.join(", ")))
        };
        let column = columns.get(&self.key).ok_or_else(|| unknown(&self.key))?;
        let whole = if self.x == STEP {
            Curve::Logged(column.clone(), 0..column.steps.len())
        } else {
            let x = columns.get(&self.x).ok_or_else(|| unknown(&self.x))?;
            let (xs, ys) = joined(x, column);
            Curve::Made(xs, ys)
        };
        let within = visible(whole.xs(), self.from, self.to);
        let raw = whole.xs()[within.clone()].iter().zip(&whole.ys()[within.clone()]);
        let bad = raw.filter(|(_, y)| !y.is_finite()).take(BAD).map(|(x, y)| (*x, *y)).collect();
        let curve = self.smoothed(whole, within)?;
        Ok(Points { run: run.to_owned(), curve, bad, last_step: columns.last_step() })
    }

    /// The places `within` of a curve, smoothed if the request asks for it.
    fn smoothed(&self, whole: Curve, within: Range<usize>) -> Result<Curve, ApiError> {
        Ok(match (self.smoothing, whole) {
            (Smoothing::None, Curve::Logged(column, _)) => Curve::Logged(column, within),
            (smoothing, whole) => {
                let smoothed = smoothing.apply(whole.xs(), whole.ys(), within.clone());
                let smoothed = smoothed.map_err(|error| ApiError::bad(error, "smooth=ema:0.9"))?;
                Curve::Made(whole.xs()[within].to_vec(), smoothed)
            }
        })
    }

    /// The grid for lines of these points.
    fn grid<'a>(&self, lines: impl Iterator<Item = &'a Points> + Clone) -> Grid {
        let points = lines.clone().map(|line| line.curve.xs().len()).max().unwrap_or(0);
        let first = lines.clone().filter_map(|line| line.curve.xs().first()).copied().reduce(f64::min);
        let last = lines.filter_map(|line| line.curve.xs().last()).copied().reduce(f64::max);
        Grid::of(points, first.unwrap_or(0.0), last.unwrap_or(0.0), self.pixels)
    }

    fn line(&self, points: &Points) -> ChartLine {
        let grid = self.grid(std::iter::once(points));
        let raw = self.smoothing == Smoothing::None;
        let line = if raw { points.curve.raw_line(grid) } else { points.curve.smooth_line(grid) };
        let line = ChartLine {
            name: points.run.clone(),
            xs: line.xs,
            ys: line.ys,
            low: line.low,
            high: line.high,
            deviations: vec![],
            counts: vec![],
            members: 1,
            raw,
            width: grid.width(),
            last_step: points.last_step,
        };
        self.later(line, grid)
    }

    /// `line` from the bucket of `since` on.
    fn later(&self, mut line: ChartLine, grid: Grid) -> ChartLine {
        let since = self.since.filter(|_| self.x == STEP).map(|since| grid.edge(since));
        let start = since.map_or(0, |since| line.xs.partition_point(|x| *x < since));
        for column in [&mut line.xs, &mut line.ys, &mut line.low, &mut line.high, &mut line.deviations] {
            column.drain(..start.min(column.len()));
        }
        line.counts.drain(..start.min(line.counts.len()));
        line
    }

    fn bands(&self, runs: &[Run], points: &[Option<Points>], by: &str) -> Result<Vec<ChartLine>, ApiError> {
        let summaries: Vec<_> = runs.iter().map(|run| &run.summary).collect();
        let groups = groups(&summaries, by, unix_seconds());
        if groups.len() > LINES {
            let error = format!("{} groups are too many for one chart", groups.len());
            return Err(ApiError::bad(error, format!("group or filter to at most {LINES}")));
        }
        // All groups share the buckets, so that they can be compared.
        let grid = self.grid(points.iter().flatten());
        let line = |(name, places): (String, Vec<usize>)| {
            let members: Vec<&Points> = places.iter().filter_map(|&place| points[place].as_ref()).collect();
            let band = band(&members.iter().map(|member| &member.curve).collect::<Vec<_>>(), grid);
            let line = ChartLine {
                name,
                xs: band.xs,
                ys: band.means,
                low: band.low,
                high: band.high,
                deviations: band.deviations,
                counts: band.counts,
                members: members.len(),
                raw: false,
                width: grid.width(),
                last_step: members.iter().filter_map(|member| member.last_step).reduce(f64::max),
            };
            self.later(line, grid)
        };
        Ok(groups.into_iter().map(line).collect())
    }
}

impl Chart {
    fn to_json(&self) -> impl serde::Serialize {
        let line = |(colour, line): (usize, &ChartLine)| {
            json!({
                "run": line.name,
                "colour": colour,
                "x": Numbers(line.xs.clone()),
                "y": Numbers(line.ys.clone()),
                "low": Numbers(line.low.clone()),
                "high": Numbers(line.high.clone()),
                "deviation": Numbers(line.deviations.clone()),
                "counts": line.counts,
                "n": line.members,
                "raw": line.raw,
                "bucket": number(line.width),
                "last_step": line.last_step.map(number),
            })
        };
        let baseline = |(name, y): &(String, f64)| json!({"name": name, "y": number(*y)});
        json!({
            "key": self.key,
            "x": self.x,
            "complete": self.complete,
            "lines": self.lines.iter().enumerate().map(line).collect::<Vec<_>>(),
            "baselines": self.baselines.iter().map(baseline).collect::<Vec<_>>(),
            "bad": self.bad,
        })
    }
}

/// The baselines of the score `key` in the cards of `runs`, each value once.
fn baselines(runs: &[Run], key: &str) -> Vec<(String, f64)> {
    let mut known: Vec<(String, f64)> = Vec::new();
    for card in runs.iter().filter_map(|run| ScoreCard::read(&run.folder)) {
        for baseline in card.baselines_of(key).filter(|baseline| baseline.value.is_finite()) {
            if !known.iter().any(|(name, value)| *name == baseline.name && *value == baseline.value) {
                known.push((baseline.name.clone(), baseline.value));
            }
        }
    }
    known.truncate(LINES);
    known
}
