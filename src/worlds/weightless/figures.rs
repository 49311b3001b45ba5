//! Figures of a weightless agent.

use anyhow::Result;

use super::confusion::Mistake;
use super::curve::NAMES;
use super::pictures::Pictures;
use super::report::Report;
use crate::charts::{Figure, Frame, FrameGrid, FrameRow, LineChart, Series};
use umwelt_weightless::SIDE;

/// Mistakes in a row of their figure.
const IN_A_ROW: usize = 6;

/// The figures of a report.
///
/// # Errors
/// A figure cannot be drawn.
pub fn all(report: &Report, pictures: &Pictures) -> Result<Vec<(&'static str, Figure)>> {
    let mut figures = vec![("learning_curve", learning_curve(report)), ("confidence", confidence(report))];
    if !report.confusion.mistakes.is_empty() {
        figures.push(("mistakes", mistakes(&report.confusion.mistakes, pictures)?));
    }
    Ok(figures)
}

/// Accuracy over samples, of the agent and of baselines.
fn learning_curve(report: &Report) -> Figure {
    let agent = report.curve.iter().map(|point| (point.samples as f64, point.accuracy));
    let series = |name: &str, points: Vec<(f64, super::report::Mean)>| Series {
        name: name.into(),
        points: points.iter().map(|(samples, mean)| (*samples, mean.mean)).collect(),
        error_bars: Some(points.iter().map(|(_, mean)| mean.deviation).collect()),
        ..Series::default()
    };
    let baseline = |name: &&str| {
        let points = report.curve.iter().filter_map(|point| {
            let known = point.baselines.iter().find(|(known, _)| known == name)?;
            Some((point.samples as f64, known.1))
        });
        let points: Vec<_> = points.collect();
        (!points.is_empty()).then(|| series(name, points))
    };
    LineChart {
        title: "Accuracy on test digits".into(),
        x_label: "samples learnt".into(),
        y_label: "accuracy (%)".into(),
        log_x: true,
        series: [series("agent", agent.collect())]
            .into_iter()
            .chain(NAMES.iter().filter_map(baseline))
            .collect(),
        ..LineChart::default()
    }
    .figure()
}

/// Accuracy over confidence.
fn confidence(report: &Report) -> Figure {
    let bins = &report.confusion.by_confidence;
    let width = 1.0 / bins.len() as f64;
    let point = |(bin, [right, all]): (usize, &[usize; 2])| {
        ((bin as f64 + 0.5) * width, 100.0 * *right as f64 / *all as f64)
    };
    LineChart {
        title: "Accuracy over confidence".into(),
        x_label: "confidence".into(),
        y_label: "accuracy (%)".into(),
        series: vec![
            Series {
                name: "agent".into(),
                points: bins.iter().enumerate().map(point).collect(),
                ..Series::default()
            },
            Series { name: "equal".into(), points: vec![(0.0, 0.0), (1.0, 100.0)], ..Series::default() },
        ],
        ..LineChart::default()
    }
    .figure()
}

/// The most confident mistakes.
fn mistakes(mistakes: &[Mistake], pictures: &Pictures) -> Result<Figure> {
    let test = pictures.test();
    let frame = |mistake: &Mistake| {
        let pixels: Vec<f32> = test.get(mistake.place).0.iter().map(|v| f32::from(*v) / 255.0).collect();
        Frame::grey((SIDE, SIDE), &pixels)
    };
    let label = |mistake: &Mistake| {
        let answer = mistake.answer.map_or("no digit".to_owned(), |answer| answer.to_string());
        format!("{} called {answer}", mistake.label)
    };
    let row = |mistakes: &[Mistake]| {
        Ok(FrameRow {
            label: mistakes.iter().map(label).collect::<Vec<_>>().join(", "),
            frames: mistakes.iter().map(frame).collect::<Result<_>>()?,
            range: Some((0.0, 1.0)),
        })
    };
    FrameGrid {
        title: "The most confident mistakes".into(),
        rows: mistakes.chunks(IN_A_ROW).map(row).collect::<Result<_>>()?,
        ..FrameGrid::default()
    }
    .figure()
}
