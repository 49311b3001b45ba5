//! What plans led to.

use anyhow::Result;

use super::on_page;
use crate::charts::{Figure, Frame, FrameGrid, FrameRow, MarkWords};
use crate::worlds::dots::evaluation::{ShownProblem, Trip};

/// Each problem's first image with its target, and the way the dot went, a row for each planner.
pub fn planning(world: &str, problems: &[ShownProblem]) -> Result<Figure> {
    let row = |label: &str, trip: fn(&ShownProblem) -> &Trip| FrameRow {
        label: label.into(),
        frames: problems.iter().map(|problem| frame(problem, trip(problem))).collect(),
    };
    FrameGrid {
        title: format!("Plans executed, {world}"),
        rows: vec![
            row("cem", |problem| &problem.cross_entropy),
            row("gradient", |problem| &problem.gradient),
        ],
        column_labels: (1..=problems.len()).map(|n| format!("problem {n}")).collect(),
        words: MarkWords {
            ring: Some("target"),
            cross: Some("reached"),
            path: Some("way from the start, a dot for each step"),
        },
    }
    .figure()
}

fn frame(problem: &ShownProblem, Trip(way): &Trip) -> Frame {
    let path: Vec<(f32, f32)> = way.iter().map(|[x, y]| on_page((*x, *y))).collect();
    Frame {
        pixels: problem.pixels.clone(),
        true_xy: on_page(problem.target.into()),
        probed_xy: path.last().copied().unwrap_or((f32::NAN, f32::NAN)),
        path,
    }
}
