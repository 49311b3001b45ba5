//! Drawing of a frame grid on a page of its own.

use anyhow::Context;

use super::figure::Figure;
use super::frame_layout::{LABEL, LEGEND, Layout, TITLE, TITLE_LINE};
use super::frame_marks::draw_legend;
use super::frames::FrameGrid;
use super::plot::PAGE_MARGIN;
use super::svg::{Anchor, FAINT_INK, Svg, Text};

impl FrameGrid {
    /// The grid on a page that has room for all frames and text.
    ///
    /// # Errors
    /// A frame without pixels, or with a number of channels other than 1 or 3; the error names its
    /// row and column.
    pub fn figure(&self) -> anyhow::Result<Figure> {
        self.check()?;
        let layout = Layout::of(self);
        let mut svg = Svg::new(layout.width, layout.height);
        for (index, line) in layout.title.iter().enumerate() {
            let y = PAGE_MARGIN + TITLE_LINE * (index as f64 + 0.75);
            svg.text(PAGE_MARGIN, y, line, Text { size: TITLE, ..Text::default() });
        }
        draw_legend(&mut svg, self, PAGE_MARGIN, layout.top - LEGEND - layout.column_labels + 10.0);
        self.draw_column_labels(&mut svg, &layout);
        for (index, row) in self.rows.iter().enumerate() {
            layout.draw_row(&mut svg, index, row).with_context(|| format!("drawing row {index}"))?;
        }
        Ok(svg.finish(&self.title))
    }

    fn draw_column_labels(&self, svg: &mut Svg, layout: &Layout) {
        let style = Text { size: LABEL, anchor: Anchor::Middle, colour: FAINT_INK };
        for (column, label) in self.column_labels.iter().enumerate() {
            svg.text(layout.column(column) + 0.5 * layout.cell.0, layout.top - 7.0, label, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;
    use resvg::tiny_skia::Pixmap;

    use super::super::frames::{Frame, FrameRow, MarkLabels};
    use super::super::inspect::{assert_words_are_apart, numbers, paths};
    use super::*;

    const MARKS: MarkLabels =
        MarkLabels { ring: Some("true position"), cross: Some("probed position"), path: None };

    fn grid(rows: usize, columns: usize) -> FrameGrid {
        let pixels = Array3::from_shape_fn((28, 28, 1), |(y, x, _)| ((28 * y + x) % 5) as f32);
        let frame = |column: usize| Frame {
            pixels: pixels.clone(),
            ring: Some((5.5 + column as f32, 3.5)),
            cross: Some(if column == 0 { (f32::NAN, 1.0) } else { (14.0, 14.0) }),
            path: vec![],
        };
        let row = |index: usize| FrameRow {
            label: format!("row {index} with rather more words than fit beside one frame in one line"),
            frames: (0..columns).map(frame).collect(),
            range: None,
        };
        let column_labels = (0..columns).map(|column| format!("a long column label {column}")).collect();
        let rows = (0..rows).map(row).collect();
        FrameGrid { title: "Frames".into(), rows, column_labels, marks: MARKS, ..FrameGrid::default() }
    }

    #[test]
    fn every_frame_has_its_marks_in_place() {
        let figure = grid(2, 3).figure().unwrap();
        assert_eq!(figure.svg().matches("<image").count(), 6);
        let (rings, crosses) = (paths(&figure, "ring"), paths(&figure, "cross"));
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
        walked.marks = MarkLabels { ring: Some("target"), cross: Some("reached"), path: Some("way") };
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
    fn a_mark_without_a_label_is_not_in_the_legend() {
        let legends = |grid: &FrameGrid| paths(&grid.figure().unwrap(), "legend").len();
        let mut unprobed = grid(2, 3);
        assert_eq!(legends(&unprobed), 2);
        unprobed.marks.cross = None;
        assert_eq!(legends(&unprobed), 1);
        assert!(!unprobed.figure().unwrap().svg().contains("probed position"));
        assert_words_are_apart(&unprobed.figure().unwrap());
        unprobed.marks.ring = None;
        assert_eq!(legends(&unprobed), 0);
    }

    #[test]
    fn pixels_are_drawn_sharp() {
        let mut stripes = grid(1, 1);
        let frame = &mut stripes.rows[0].frames[0];
        frame.ring = None;
        frame.pixels = Array3::from_shape_fn((28, 28, 1), |(_, x, _)| (x % 2) as f32);
        let layout = Layout::of(&stripes);
        let page = Pixmap::decode_png(&stripes.figure().unwrap().png().unwrap()).unwrap();
        let row = (2.0 * (layout.top + 0.5 * layout.cell.1)) as u32;
        let left = (2.0 * layout.column(0)) as u32;
        let inner = (4..164).map(|x| page.pixel(left + x, row).unwrap().red());
        let between = inner.filter(|grey| (1..255).contains(grey)).count();
        assert_eq!(between, 0);
    }

    #[test]
    fn a_colour_frame_of_five_by_seven_is_read_back_from_the_picture() {
        let value = |y: usize, x: usize, channel: usize| ((31 * y + 17 * x + 101 * channel) % 256) as f32;
        let mut pixels = Array3::from_shape_fn((5, 7, 3), |(y, x, channel)| value(y, x, channel));
        (pixels[[0, 0, 0]], pixels[[4, 6, 2]]) = (0.0, 255.0);
        let frame = Frame { pixels: pixels.clone(), ..Frame::default() };
        let rows = vec![FrameRow { label: "colours".into(), frames: vec![frame], ..FrameRow::default() }];
        let colours = FrameGrid { title: "Colours".into(), rows, ..FrameGrid::default() };
        let layout = Layout::of(&colours);
        assert_eq!(layout.cell, (84.0, 60.0), "a pixel is 12 units wide");
        let figure = colours.figure().unwrap();
        let page = Pixmap::decode_png(&figure.png().unwrap()).unwrap();
        for ((y, x, channel), expected) in pixels.indexed_iter() {
            let at = |corner: f64, index: usize| (2.0 * (corner + 12.0 * (index as f64 + 0.5))) as u32;
            let pixel = page.pixel(at(layout.column(0), x), at(layout.top, y)).unwrap();
            let shown = [pixel.red(), pixel.green(), pixel.blue()][channel];
            assert_eq!(f32::from(shown), *expected, "row {y}, column {x}, channel {channel}");
        }
        assert!(figure.svg().contains("colour: each channel"));
        assert_words_are_apart(&figure);
    }

    #[test]
    fn a_mark_lies_in_its_pixel_of_a_frame_of_any_size() {
        let frame = Frame { ring: Some((6.5, 0.5)), ..Frame::grey((2, 7), &[0.5; 14]).unwrap() };
        let rows = vec![FrameRow { label: String::new(), frames: vec![frame], ..FrameRow::default() }];
        let wide = FrameGrid { rows, ..FrameGrid::default() };
        let (layout, figure) = (Layout::of(&wide), wide.figure().unwrap());
        let ring = numbers(&paths(&figure, "ring")[0]);
        assert_eq!(ring[0] + 6.5, layout.column(0) + 12.0 * 6.5);
        assert_eq!(ring[1], layout.top + 12.0 * 0.5);
    }

    #[test]
    fn a_frame_that_cannot_be_drawn_is_refused_by_place() {
        let mut wrong = grid(2, 2);
        wrong.rows[1].frames[0].pixels = Array3::zeros((28, 28, 2));
        let error = format!("{:#}", wrong.figure().unwrap_err());
        assert_eq!(error, "frame 0 of row 1: expected 1 or 3 channels, got 2");
        wrong.rows[1].frames[0] = Frame::default();
        let error = format!("{:#}", wrong.figure().unwrap_err());
        assert_eq!(error, "frame 0 of row 1: expected at least one pixel, got 0 x 0");
        let error = Frame::grey((28, 28), &[0.0; 783]).unwrap_err().to_string();
        assert_eq!(error, "a frame of 28 x 28: expected 784 pixels, got 783");
        FrameGrid::default().figure().unwrap().png().unwrap();
    }

    #[test]
    fn a_row_with_a_range_of_its_own_keeps_its_intensities() {
        let frame = Frame::grey((1, 2), &[0.25, 0.5]).unwrap();
        let drawn = |range| {
            let row = FrameRow { frames: vec![frame.clone()], range, ..FrameRow::default() };
            let figure = FrameGrid { rows: vec![row], ..FrameGrid::default() }.figure().unwrap();
            Pixmap::decode_png(&figure.png().unwrap()).unwrap()
        };
        let darkest = |pixmap: &Pixmap| pixmap.pixels().iter().map(|pixel| pixel.red()).min().unwrap();
        assert_eq!(darkest(&drawn(None)), 0);
        assert_eq!(darkest(&drawn(Some((0.0, 1.0)))), 64);
    }

    #[test]
    fn paragraphs_of_a_label_start_on_lines_of_their_own() {
        let texts = |label: &str, label_room| {
            let frames = vec![Frame::grey((2, 2), &[0.0; 4]).unwrap()];
            let rows = vec![FrameRow { label: label.into(), frames, range: None }];
            let figure = FrameGrid { rows, label_room, ..FrameGrid::default() }.figure().unwrap();
            figure.svg().matches("<text").count()
        };
        let (one, two) = ("a first paragraph of some words", "a first paragraph of some words\na second");
        assert_eq!(texts(two, 1000.0), texts(one, 1000.0) + 1);
        assert!(texts(two, 80.0) > texts(two, 1000.0) + 1);
    }

    #[test]
    fn a_label_that_is_higher_than_its_frame_starts_below_the_title() {
        let label = ["a long paragraph about one picture"; 12].join("\n");
        let frames = vec![Frame::grey((28, 28), &[0.5; 784]).unwrap()];
        let rows = vec![FrameRow { label, frames, range: Some((0.0, 1.0)) }; 2];
        let grid = FrameGrid { title: "Titled".into(), rows, ..FrameGrid::default() };
        assert_words_are_apart(&grid.figure().unwrap());
    }
}
