//! Frames in rows, each with where its dot is and where the probe read it.

use anyhow::{Context, ensure};

use super::figure::Figure;
use super::frame_layout::{CELL, LEGEND, Layout, TITLE, TITLE_LINE, WORDS};
use super::frame_marks::draw_legend;
use super::plot::PAGE_MARGIN;
use super::svg::{Anchor, FAINT_INK, Svg, Text};

/// Rows and columns of a frame.
pub const FRAME_SIDE: usize = 28;

/// Rows of frames under a title and a legend.
#[derive(Clone, Debug, Default)]
pub struct FrameGrid {
    pub title: String,
    pub rows: Vec<FrameRow>,
    /// Words above the columns, such as time steps.
    pub column_labels: Vec<String>,
    /// What the marks mean.
    pub words: MarkWords,
}

/// What the marks on frames mean, for the legend.
#[derive(Clone, Copy, Debug)]
pub struct MarkWords {
    /// Where frames have a true position or the like.
    pub ring: Option<&'static str>,
    /// Where frames have a probed position or the like.
    pub cross: Option<&'static str>,
    /// Where frames have a path.
    pub path: Option<&'static str>,
}

impl Default for MarkWords {
    fn default() -> Self {
        let cross = "probed position (small at the edge: outside the frame)";
        Self { ring: Some("true position"), cross: Some(cross), path: None }
    }
}

/// Frames that share a grey scale: the row's least pixel is black, its greatest white.
#[derive(Clone, Debug, Default)]
pub struct FrameRow {
    pub label: String,
    pub frames: Vec<Frame>,
}

/// One image and two positions in it.
///
/// A position is `(x, y)` in units of pixels from the upper left corner, so that the centre of the pixel in
/// row 3 and column 5 is `(5.5, 3.5)`. One that is not finite is not drawn; one outside is drawn smaller, at
/// the edge.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// 28 rows of 28 intensities; one that is not finite shows as red.
    pub pixels: Vec<f32>,
    pub true_xy: (f32, f32),
    pub probed_xy: (f32, f32),
    /// A way through the frame, a dot at each place; empty for none.
    pub path: Vec<(f32, f32)>,
}

impl FrameGrid {
    /// Draws the grid.
    ///
    /// Errors if a frame has not 28 x 28 pixels; the error names its row and column.
    pub fn figure(&self) -> anyhow::Result<Figure> {
        self.check()?;
        let layout = Layout::of(self);
        let mut svg = Svg::new(layout.width, layout.height);
        for (index, line) in layout.title.iter().enumerate() {
            let baseline = PAGE_MARGIN + TITLE_LINE * (index as f64 + 0.75);
            svg.text(PAGE_MARGIN, baseline, line, Text { size: TITLE, ..Text::default() });
        }
        draw_legend(&mut svg, &self.words, PAGE_MARGIN, layout.top - LEGEND - layout.column_words + 10.0);
        self.draw_column_labels(&mut svg, &layout);
        for (index, row) in self.rows.iter().enumerate() {
            layout.draw_row(&mut svg, index, row).with_context(|| format!("drawing row {index}"))?;
        }
        Ok(svg.finish(&self.title))
    }

    fn check(&self) -> anyhow::Result<()> {
        for (index, row) in self.rows.iter().enumerate() {
            for (column, frame) in row.frames.iter().enumerate() {
                let (expected, got) = (FRAME_SIDE * FRAME_SIDE, frame.pixels.len());
                ensure!(
                    got == expected,
                    "frame {column} of row {index}: expected {expected} pixels, got {got}"
                );
            }
        }
        Ok(())
    }

    fn draw_column_labels(&self, svg: &mut Svg, layout: &Layout) {
        let look = Text { size: WORDS, anchor: Anchor::Middle, colour: FAINT_INK };
        for (column, label) in self.column_labels.iter().enumerate() {
            svg.text(layout.column(column) + 0.5 * CELL, layout.top - 7.0, label, look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::inspect::{assert_words_are_apart, numbers, paths};
    use super::*;

    fn grid(rows: usize, columns: usize) -> FrameGrid {
        let pixels: Vec<f32> = (0..FRAME_SIDE * FRAME_SIDE).map(|i| (i % 5) as f32).collect();
        let frame = |column: usize| Frame {
            pixels: pixels.clone(),
            true_xy: (5.5 + column as f32, 3.5),
            probed_xy: if column == 0 { (f32::NAN, 1.0) } else { (14.0, 14.0) },
            path: vec![],
        };
        let row = |index: usize| FrameRow {
            label: format!("row {index} with rather more words than fit beside one frame in one line"),
            frames: (0..columns).map(frame).collect(),
        };
        let column_labels = (0..columns).map(|column| format!("a long column label {column}")).collect();
        let rows = (0..rows).map(row).collect();
        FrameGrid { title: "Frames".into(), rows, column_labels, ..FrameGrid::default() }
    }

    #[test]
    fn every_frame_has_its_marks_in_place() {
        let figure = grid(2, 3).figure().unwrap();
        assert_eq!(figure.svg().matches("<image").count(), 6);
        let (rings, crosses) = (paths(&figure, "true"), paths(&figure, "probed"));
        assert_eq!((rings.len(), crosses.len()), (6, 4), "a position that is not a number has no cross");
        // A pixel is 3 units wide, and the second true x is one pixel further right in its frame.
        let (first, second) = (numbers(&rings[0]), numbers(&rings[1]));
        let pitch = Layout::of(&grid(2, 3)).pitch.0;
        assert!((second[0] - first[0] - pitch - 3.0).abs() < 0.02);
        assert_words_are_apart(&figure);
        assert_eq!(figure.png().unwrap(), grid(2, 3).figure().unwrap().png().unwrap());
    }

    #[test]
    fn a_path_has_a_line_and_a_dot_at_each_place() {
        let mut walked = grid(1, 1);
        walked.rows[0].frames[0].path = vec![(2.5, 3.5), (4.5, 3.5), (4.5, 8.5)];
        walked.words = MarkWords { ring: Some("target"), cross: Some("reached"), path: Some("way") };
        let figure = walked.figure().unwrap();
        let layout = Layout::of(&walked);
        let corner = |x: f64, y: f64| [layout.column(0) + 3.0 * x, layout.top + 3.0 * y];
        let expected = [corner(2.5, 3.5), corner(4.5, 3.5), corner(4.5, 8.5)].concat();
        let drawn = numbers(&paths(&figure, "path")[0]);
        assert!(drawn.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.011), "{drawn:?} {expected:?}");
        assert_eq!(figure.svg().matches("<circle").count(), 3 + 1, "three places and the legend's");
        assert!(figure.svg().contains("reached") && !figure.svg().contains("probed position"));
        assert_words_are_apart(&figure);
    }

    #[test]
    fn a_mark_without_words_is_not_in_the_legend() {
        let legends = |grid: &FrameGrid| paths(&grid.figure().unwrap(), "legend").len();
        let mut unprobed = grid(2, 3);
        assert_eq!(legends(&unprobed), 2);
        unprobed.words.cross = None;
        assert_eq!(legends(&unprobed), 1);
        assert!(!unprobed.figure().unwrap().svg().contains("probed position"));
        assert_words_are_apart(&unprobed.figure().unwrap());
        unprobed.words.ring = None;
        assert_eq!(legends(&unprobed), 0);
    }

    #[test]
    fn pixels_are_drawn_sharp() {
        let mut stripes = grid(1, 1);
        stripes.rows[0].frames[0] = Frame { true_xy: (f32::NAN, 0.0), ..stripes.rows[0].frames[0].clone() };
        for (index, pixel) in stripes.rows[0].frames[0].pixels.iter_mut().enumerate() {
            *pixel = (index % 2) as f32;
        }
        let layout = Layout::of(&stripes);
        let page = resvg::tiny_skia::Pixmap::decode_png(&stripes.figure().unwrap().png().unwrap()).unwrap();
        let row = (2.0 * (layout.top + 0.5 * CELL)) as u32;
        let left = (2.0 * layout.column(0)) as u32;
        let inner = (4..164).map(|x| page.pixel(left + x, row).unwrap().red());
        let between = inner.filter(|grey| (1..255).contains(grey)).count();
        assert_eq!(between, 0);
    }

    #[test]
    fn a_frame_of_another_size_is_refused_by_name() {
        let mut wrong = grid(2, 2);
        wrong.rows[1].frames[0].pixels.pop();
        let error = wrong.figure().unwrap_err().to_string();
        assert_eq!(error, "frame 0 of row 1: expected 784 pixels, got 783");
        FrameGrid::default().figure().unwrap().png().unwrap();
    }
}
