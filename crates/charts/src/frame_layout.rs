//! Where the parts of a frame grid lie.

use super::font;
use super::frame_grid::{FRAME_SIDE, FrameGrid, FrameRow};
use super::frame_marks::{draw_frame, legend_width};
use super::plot::PAGE_MARGIN;
use super::svg::{Svg, Text};

/// The page's size of a frame: a whole number of units a pixel keeps its pixels equal.
pub const CELL: f64 = 3.0 * FRAME_SIDE as f64;
const GAP: f64 = 7.0;
pub const TITLE: f64 = 17.0;
pub const TITLE_LINE: f64 = 24.0;
pub const LEGEND: f64 = 30.0;
pub const WORDS: f64 = 12.0;
const LABEL_ROOM: f64 = 160.0;
const LABEL_LINE: f64 = 15.0;

/// Where everything lies.
pub struct Layout {
    pub title: Vec<String>,
    labels: Vec<Vec<String>>,
    left: f64,
    pub top: f64,
    /// From one frame to the next, across and down.
    pub pitch: (f64, f64),
    pub column_words: f64,
    pub width: f64,
    pub height: f64,
}

impl Layout {
    /// Makes room for every word of `grid`.
    pub fn of(grid: &FrameGrid) -> Self {
        let wide = |words: &String| font::width(words, WORDS);
        let widest = |widths: &mut dyn Iterator<Item = f64>| widths.fold(0.0, f64::max);
        let labels: Vec<_> = grid.rows.iter().map(|row| font::wrap(&row.label, WORDS, LABEL_ROOM)).collect();
        let label_width = widest(&mut labels.iter().flatten().map(wide));
        let label_height = LABEL_LINE * labels.iter().map(Vec::len).max().unwrap_or(0) as f64;
        let columns =
            grid.rows.iter().map(|row| row.frames.len()).max().unwrap_or(0).max(grid.column_labels.len());
        let pitch_x = (CELL + GAP).max(widest(&mut grid.column_labels.iter().map(wide)) + 8.0);
        let pitch = (pitch_x, (CELL + GAP).max(label_height + GAP));
        let left = PAGE_MARGIN
            + if label_width > 0.0 { label_width + 10.0 } else { 0.0 }
            + 0.5 * (pitch_x - CELL - GAP);
        let frames = left + columns as f64 * pitch_x;
        let room = (frames - PAGE_MARGIN).max(legend_width(&grid.words));
        let title = font::wrap(&grid.title, TITLE, room);
        let title_width = widest(&mut title.iter().map(|line| font::width(line, TITLE)));
        let column_words = if grid.column_labels.is_empty() { 0.0 } else { 22.0 };
        let top = PAGE_MARGIN + title.len() as f64 * TITLE_LINE + LEGEND + column_words;
        let width = room.max(title_width) + 2.0 * PAGE_MARGIN;
        let height = top + grid.rows.len() as f64 * pitch.1 - GAP + PAGE_MARGIN;
        Self { title, labels, left, top, pitch, column_words, width, height }
    }

    /// The left side of a column's frames.
    pub fn column(&self, index: usize) -> f64 {
        self.left + index as f64 * self.pitch.0
    }

    /// Draws a row's label and frames.
    pub fn draw_row(&self, svg: &mut Svg, index: usize, row: &FrameRow) -> anyhow::Result<()> {
        let top = self.top + index as f64 * self.pitch.1;
        let label = &self.labels[index];
        let first = top + 0.5 * CELL - 0.5 * LABEL_LINE * label.len() as f64 + 0.8 * LABEL_LINE;
        for (line, words) in label.iter().enumerate() {
            svg.text(PAGE_MARGIN, first + line as f64 * LABEL_LINE, words, Text::default());
        }
        let range = grey_range(row);
        for (column, frame) in row.frames.iter().enumerate() {
            draw_frame(svg, (self.column(column), top), CELL, frame, range)?;
        }
        Ok(())
    }
}

/// The least and the greatest finite pixel of a row.
fn grey_range(row: &FrameRow) -> (f32, f32) {
    let pixels = row.frames.iter().flat_map(|frame| &frame.pixels).filter(|pixel| pixel.is_finite());
    pixels.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &pixel| (low.min(pixel), high.max(pixel)))
}
