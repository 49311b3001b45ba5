//! `/api/export`: tables and charts as files, drawn by the hand that draws the reports.

use axum::http::header;
use umwelt_charts::{Baseline, Figure, LineChart, Series};
use umwelt_runs::registry::csv;
use umwelt_runs::unix_seconds;

use super::runs;
use super::series::{Chart, ChartLine, chart};
use super::sweep::Sweep;
use crate::ApiError;
use crate::answer::{Answer, bytes, with_header};
use crate::app::Dashboard;
use crate::query::Parameters;

pub fn export(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let (view, kind) = (query.required("view")?, query.required("as")?);
    let unknown = || {
        let error = format!("`{view}` cannot be exported as `{kind}`");
        ApiError::bad(error, "view=runs as csv; view=series or sweep as csv, svg or png")
    };
    let answer = match (view, kind) {
        ("runs", "csv") => table(dashboard, query)?,
        ("series", "csv") => bytes("text/csv; charset=utf-8", series_csv(&chart(dashboard, query)?))?,
        ("series", _) => drawn(&chart(dashboard, query)?.figure(query), kind)?.ok_or_else(unknown)?,
        ("sweep", "csv") => bytes("text/csv; charset=utf-8", Sweep::of(dashboard, query)?.study()?.csv())?,
        ("sweep", _) => drawn(&Sweep::of(dashboard, query)?.study()?.figure(), kind)?.ok_or_else(unknown)?,
        _ => return Err(unknown()),
    };
    with_header(answer, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{view}.{kind}\""))
}

fn table(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let (snapshot, now) = (dashboard.runs()?, unix_seconds());
    let selected = runs::selected(&snapshot.runs, query, now)?;
    let name = query.last("columns").is_none().then(|| "name".to_owned());
    let columns: Vec<String> = name.into_iter().chain(runs::columns(&selected, query)?).collect();
    bytes("text/csv; charset=utf-8", csv(&selected, &columns, now)?)
}

fn drawn(figure: &Figure, kind: &str) -> Result<Option<axum::response::Response>, ApiError> {
    Ok(match kind {
        "svg" => Some(bytes("image/svg+xml", figure.svg())?),
        "png" => Some(bytes("image/png", figure.png()?)?),
        _ => None,
    })
}

/// A line for each point: its line, x and y, and the deviation of a group.
fn series_csv(chart: &Chart) -> String {
    let mut text = format!("line,{},{},deviation\n", quoted(&chart.x), quoted(&chart.key));
    for line in &chart.lines {
        for (place, (x, y)) in line.xs.iter().zip(&line.ys).enumerate() {
            let deviation = line.deviations.get(place).filter(|deviation| deviation.is_finite());
            let deviation = deviation.map_or_else(String::new, f64::to_string);
            text.push_str(&format!("{},{x},{y},{deviation}\n", quoted(&line.name)));
        }
    }
    text
}

/// A cell of CSV.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into()
    }
}

impl Chart {
    fn figure(&self, query: &Parameters) -> Figure {
        let series = |line: &ChartLine| Series {
            name: line.name.clone(),
            points: line.xs.iter().copied().zip(line.ys.iter().copied()).collect(),
            spread: (!line.deviations.is_empty()).then(|| line.deviations.clone()),
            ..Series::default()
        };
        let baseline = |(name, value): &(String, f64)| Baseline {
            name: name.clone(),
            value: *value,
            ..Baseline::default()
        };
        LineChart {
            title: query.last("title").unwrap_or(&self.key).to_owned(),
            x_label: self.x.clone(),
            y_label: self.key.clone(),
            series: self.lines.iter().map(series).collect(),
            baselines: self.baselines.iter().map(baseline).collect(),
            log_y: query.flag("log_y"),
            log_x: query.flag("log_x"),
            ..LineChart::default()
        }
        .figure()
    }
}
