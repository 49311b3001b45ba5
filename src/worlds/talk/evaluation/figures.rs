//! Figures of an evaluation.

use super::report::{Line, Report};
use super::statistics::wilson;
use super::tested::Tested;
use crate::charts::{Baseline, Figure, LineChart, Series, panels};

/// The figures: success over the size of messages, and by group of problems.
pub fn all(report: &Report) -> Vec<(&'static str, Figure)> {
    let bytes = over(report, "bytes of a message", |tested| tested.bytes);
    let steps = over(report, "steps of the sender", |tested| tested.sender_steps);
    let sizes = panels("Problems solved over the size of messages", vec![bytes, steps], 2);
    vec![("sizes", sizes), ("groups", groups(report))]
}

fn over(report: &Report, label: &str, size: fn(&Tested) -> f64) -> LineChart {
    let series = |line: &Line| {
        let (low, high) = wilson(line.seen.solved(), line.seen.right.len());
        Series {
            name: line.channel.clone(),
            points: vec![(size(&line.seen), 100.0 * line.seen.share())],
            error_bars: Some(vec![50.0 * (high - low)]),
            ..Series::default()
        }
    };
    let guess = report.best_guess;
    let guess = guess.map(|guess| Baseline {
        name: "best guess".into(),
        value: 100.0 * guess,
        ..Baseline::default()
    });
    LineChart {
        title: label.into(),
        x_label: label.into(),
        y_label: "solved (%)".into(),
        series: report.lines.iter().map(series).collect(),
        baselines: guess.into_iter().collect(),
        x_margin: true,
        ..LineChart::default()
    }
}

fn groups(report: &Report) -> Figure {
    let names: Vec<String> =
        report.lines.first().map_or(vec![], |line| line.seen.groups.keys().cloned().collect());
    let series = |line: &Line| {
        let point = |(place, group): (usize, &String)| {
            let (solved, all) = line.seen.groups.get(group)?;
            Some((place as f64, 100.0 * *solved as f64 / *all as f64))
        };
        let points = names.iter().enumerate().filter_map(point).collect();
        Series { name: line.channel.clone(), points, ..Series::default() }
    };
    LineChart {
        title: "Problems solved by group".into(),
        y_label: "solved (%)".into(),
        series: report.lines.iter().map(series).collect(),
        categories: names.clone(),
        x_margin: true,
        ..LineChart::default()
    }
    .figure()
}
