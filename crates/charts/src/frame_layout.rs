//! The layout of a frame grid.

use super::font;
use super::frame_marks::{draw_frame, legend_width};
use super::frames::{FrameGrid, FrameRow};
use super::plot::PAGE_MARGIN;
use super::svg::{Svg, Text};

/// The preferred size of a frame's longer side.
const SIDE: f64 = 84.0;
const GAP: f64 = 7.0;
pub const TITLE: f64 = 17.0;
pub const TITLE_LINE: f64 = 24.0;
pub const LEGEND: f64 = 30.0;
pub const LABEL: f64 = 12.0;
const LABEL_LINE: f64 = 15.0;

/// The positions of all parts.
pub struct Layout {
    pub title: Vec<String>,
    labels: Vec<Vec<String>>,
    left: f64,
    pub top: f64,
    /// Units of the page for one pixel.
    pub scale: f64,
    /// Width and height of the largest frame.
    pub cell: (f64, f64),
    /// The distances between neighbouring frames, across and down.
    pub pitch: (f64, f64),
    pub column_labels: f64,
    pub width: f64,
    pub height: f64,
}

impl Layout {
    /// The layout with room for all text of `grid`.
    pub fn of(grid: &FrameGrid) -> Self {
        let scale = scale(grid.frame_size());
        let cell = (scale * grid.frame_size().1 as f64, scale * grid.frame_size().0 as f64);
        let wide = |text: &String| font::width(text, LABEL);
        let widest = |widths: &mut dyn Iterator<Item = f64>| widths.fold(0.0, f64::max);
        let wrapped = |paragraph: &str| font::wrap(paragraph, LABEL, grid.label_room);
        let lines = |row: &FrameRow| row.label.lines().flat_map(wrapped).collect();
        let labels: Vec<Vec<String>> = grid.rows.iter().map(lines).collect();
        let label_width = widest(&mut labels.iter().flatten().map(wide));
        let label_height = LABEL_LINE * labels.iter().map(Vec::len).max().unwrap_or(0) as f64;
        let columns =
            grid.rows.iter().map(|row| row.frames.len()).max().unwrap_or(0).max(grid.column_labels.len());
        let pitch_x = (cell.0 + GAP).max(widest(&mut grid.column_labels.iter().map(wide)) + 8.0);
        let pitch = (pitch_x, (cell.1 + GAP).max(label_height + GAP));
        let left = PAGE_MARGIN
            + if label_width > 0.0 { label_width + 10.0 } else { 0.0 }
            + 0.5 * (pitch_x - cell.0 - GAP);
        let frames = left + columns as f64 * pitch_x;
        let room = (frames - PAGE_MARGIN).max(legend_width(grid));
        let title = font::wrap(&grid.title, TITLE, room);
        let title_width = widest(&mut title.iter().map(|line| font::width(line, TITLE)));
        let column_labels = if grid.column_labels.is_empty() { 0.0 } else { 22.0 };
        let top = PAGE_MARGIN + title.len() as f64 * TITLE_LINE + LEGEND + column_labels;
        let width = room.max(title_width) + 2.0 * PAGE_MARGIN;
        let height = top + grid.rows.len() as f64 * pitch.1 - GAP + PAGE_MARGIN;
        Self { title, labels, left, top, scale, cell, pitch, column_labels, width, height }
    }

    /// The left side of the frames of a column.
    pub fn column(&self, index: usize) -> f64 {
        self.left + index as f64 * self.pitch.0
    }

    /// Draws a row's label and frames.
    pub fn draw_row(&self, svg: &mut Svg, index: usize, row: &FrameRow) -> anyhow::Result<()> {
        // Rows are as high as the highest label, and their frames in the middle.
        let air = 0.5 * (self.pitch.1 - GAP - self.cell.1);
        let top = self.top + index as f64 * self.pitch.1 + air;
        let label = &self.labels[index];
        let first = top + 0.5 * self.cell.1 - 0.5 * LABEL_LINE * label.len() as f64 + 0.8 * LABEL_LINE;
        for (line, text) in label.iter().enumerate() {
            svg.text(PAGE_MARGIN, first + line as f64 * LABEL_LINE, text, Text::default());
        }
        let range = row.range.unwrap_or_else(|| range(row));
        for (column, frame) in row.frames.iter().enumerate() {
            draw_frame(svg, (self.column(column), top), self.scale, frame, range)?;
        }
        Ok(())
    }
}

/// A whole number of units for one pixel, so that all pixels are equally wide.
fn scale((height, width): (usize, usize)) -> f64 {
    (SIDE / height.max(width) as f64).floor().max(1.0)
}

/// The least and the greatest finite value of a row.
fn range(row: &FrameRow) -> (f32, f32) {
    let values = row.frames.iter().flat_map(|frame| &frame.pixels).filter(|value| value.is_finite());
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
}
