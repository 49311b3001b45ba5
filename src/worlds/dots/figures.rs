//! The figures of a world model's run.

mod diagnostics;
mod planning;

use anyhow::Result;

pub use diagnostics::diagnostics;
pub use planning::planning;

use crate::charts::{Baseline, Figure, Frame, FrameGrid, FrameRow, LineChart, MarkLabels, Series};
use crate::datasets::IMAGE_SIZE;
use crate::diagnostics::evenly_spread;
use crate::worlds::dots::evaluation::{Evaluation, Example};

const TRUE: MarkLabels = MarkLabels { ring: Some("true position"), cross: None, path: None };
const PROBED: &str = "probed position (small at the edge: outside the frame)";
/// The number of columns in a grid of frames.
const SHOWN_FRAMES: usize = 9;

/// The RMSE of each frame of the rollout, with baselines as lines.
pub fn rmse_per_step(world: &str, evaluation: &Evaluation) -> Figure {
    let series = |name: &str, values: &[f64]| Series {
        name: name.into(),
        points: values.iter().enumerate().map(|(step, px)| (step as f64, *px)).collect(),
        ..Series::default()
    };
    let baselines = evaluation.baselines.iter().filter(|baseline| baseline.score.rmse_px > 0.005);
    let lines = baselines.map(|baseline| series(&baseline.name, &baseline.score.per_step_px));
    LineChart {
        title: format!("Error of the probed position, {world}"),
        x_label: "frame of the rollout".into(),
        y_label: "RMSE (px)".into(),
        series: std::iter::once(series("prediction", &evaluation.prediction.per_step_px))
            .chain(lines)
            .collect(),
        baselines: vec![Baseline {
            name: "encoding of frame 0".into(),
            value: evaluation.encoding.rmse_px,
            ..Baseline::default()
        }],
        ..LineChart::default()
    }
    .figure()
}

/// Frames with the true position and the position probed from a rollout that sees none after frame
/// 0.
pub fn frames(world: &str, examples: &[Example]) -> Result<Figure> {
    let shown = shown_frames(examples);
    let row = |(index, example): (usize, &Example)| {
        let frames = shown.iter().map(|t| frame(example, *t)).collect::<Result<_>>()?;
        Ok(FrameRow { label: format!("sequence {}", index + 1), frames, ..FrameRow::default() })
    };
    FrameGrid {
        title: format!("True and probed position, {world}"),
        rows: examples.iter().enumerate().map(row).collect::<Result<_>>()?,
        column_labels: column_labels(&shown),
        marks: MarkLabels { cross: Some(PROBED), ..TRUE },
        ..FrameGrid::default()
    }
    .figure()
}

/// Frames, each row above the row of frames decoded from the rollout, if the model decodes any.
pub fn reconstructions(world: &str, examples: &[Example]) -> Result<Option<Figure>> {
    let shown = shown_frames(examples);
    let rows = |(index, example): (usize, &Example)| {
        let row = |label: String, frames: &[Vec<f32>]| {
            let frames = shown.iter().map(|t| marked(&frames[*t], example.truth[*t]));
            Ok(FrameRow { label, frames: frames.collect::<Result<_>>()?, ..FrameRow::default() })
        };
        let imagined = example.imagined.as_ref()?;
        Some([row(format!("sequence {}", index + 1), &example.frames), row("imagined".into(), imagined)])
    };
    let rows: Vec<FrameRow> =
        examples.iter().enumerate().filter_map(rows).flatten().collect::<Result<_>>()?;
    if rows.is_empty() {
        return Ok(None);
    }
    let title = format!("Frames above those imagined after the first, {world}");
    FrameGrid { title, rows, column_labels: column_labels(&shown), marks: TRUE, ..FrameGrid::default() }
        .figure()
        .map(Some)
}

/// The indices of the frames in the columns of a grid.
fn shown_frames(examples: &[Example]) -> Vec<usize> {
    evenly_spread(SHOWN_FRAMES, examples.first().map_or(0, |example| example.frames.len()))
}

fn column_labels(shown: &[usize]) -> Vec<String> {
    shown.iter().map(|t| format!("frame {t}")).collect()
}

fn frame(example: &Example, t: usize) -> Result<Frame> {
    let cross = Some(on_page(example.probed[t]));
    Ok(Frame { cross, ..marked(&example.frames[t], example.truth[t])? })
}

/// A frame with its true position only.
fn marked(pixels: &[f32], truth: (f32, f32)) -> Result<Frame> {
    Ok(Frame { ring: Some(on_page(truth)), ..grey(pixels)? })
}

/// A frame of the world without marks.
pub(super) fn grey(pixels: &[f32]) -> Result<Frame> {
    Frame::grey((IMAGE_SIZE, IMAGE_SIZE), pixels)
}

/// A position relative to pixel centres -> relative to the corner of the first pixel.
pub(super) fn on_page((x, y): (f32, f32)) -> (f32, f32) {
    (x + 0.5, y + 0.5)
}
