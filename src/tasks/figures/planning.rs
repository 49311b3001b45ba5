//! What plans led to.

use anyhow::Result;

use super::on_page;
use crate::evaluation::{ShownProblem, Trip};
use crate::reports::{Figure, Frame, FrameGrid, FrameRow, MarkWords};

/// Each problem's first image with its target, and the way the dot went under the plans of both planners.
pub fn planning(world: &str, problems: &[ShownProblem]) -> Result<Figure> {
    let row = |(index, problem): (usize, &ShownProblem)| FrameRow {
        label: format!("problem {}", index + 1),
        frames: [&problem.cross_entropy, &problem.gradient].map(|trip| frame(problem, trip)).into(),
    };
    FrameGrid {
        title: format!("Plans executed, {world}"),
        rows: problems.iter().enumerate().map(row).collect(),
        column_labels: vec!["cem".into(), "gradient".into()],
        words: MarkWords {
            ring: "target",
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
