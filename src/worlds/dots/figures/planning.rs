//! The figure of executed plans.

use anyhow::Result;

use super::{grey, on_page};
use crate::charts::{Figure, Frame, FrameGrid, FrameRow, MarkLabels};
use crate::worlds::dots::evaluation::{ShownProblem, Trip};

/// The first image of each problem with the target and the path of the dot, one row for each
/// planner.
pub fn planning(world: &str, problems: &[ShownProblem]) -> Result<Figure> {
    let row = |label: &str, trip: fn(&ShownProblem) -> &Trip| {
        let frames = problems.iter().map(|problem| frame(problem, trip(problem)));
        Ok(FrameRow { label: label.into(), frames: frames.collect::<Result<_>>()?, ..FrameRow::default() })
    };
    FrameGrid {
        title: format!("Plans executed, {world}"),
        rows: [row("cem", |problem| &problem.cross_entropy), row("gradient", |problem| &problem.gradient)]
            .into_iter()
            .collect::<Result<_>>()?,
        column_labels: (1..=problems.len()).map(|n| format!("problem {n}")).collect(),
        marks: MarkLabels {
            ring: Some("target"),
            cross: Some("reached"),
            path: Some("way from the start, a dot for each step"),
        },
        ..FrameGrid::default()
    }
    .figure()
}

fn frame(problem: &ShownProblem, Trip(positions): &Trip) -> Result<Frame> {
    let path: Vec<(f32, f32)> = positions.iter().map(|[x, y]| on_page((*x, *y))).collect();
    let ring = Some(on_page(problem.target.into()));
    Ok(Frame { ring, cross: path.last().copied(), path, ..grey(&problem.pixels)? })
}
