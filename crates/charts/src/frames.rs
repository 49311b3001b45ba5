//! The data of frame grids: pictures with marks, in rows.

use anyhow::{Context, ensure};
use ndarray::{Array3, ArrayView3};

/// Rows of frames with a title and a legend.
#[derive(Clone, Debug)]
pub struct FrameGrid {
    pub title: String,
    pub rows: Vec<FrameRow>,
    /// Labels above the columns, such as time steps.
    pub column_labels: Vec<String>,
    pub marks: MarkLabels,
    /// The width at which the rows' labels are broken into lines.
    pub label_room: f64,
}

impl Default for FrameGrid {
    fn default() -> Self {
        let (title, marks) = (String::new(), MarkLabels::default());
        Self { title, rows: vec![], column_labels: vec![], marks, label_room: 160.0 }
    }
}

/// The legend of the marks on frames; marks without a label are not in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct MarkLabels {
    pub ring: Option<&'static str>,
    pub cross: Option<&'static str>,
    pub path: Option<&'static str>,
}

/// Frames with a common scale.
#[derive(Clone, Debug, Default)]
pub struct FrameRow {
    /// Paragraphs are separated by line breaks.
    pub label: String,
    pub frames: Vec<Frame>,
    /// The intensities that are black and white. Without them, the row's least value is black, and
    /// its greatest white.
    pub range: Option<(f32, f32)>,
}

/// A picture of any size with marks.
///
/// A position is `(x, y)` in units of pixels from the upper left corner: the centre of the pixel in
/// row 3 and column 5 is `(5.5, 3.5)`. One that is not finite is not drawn; one outside the picture
/// is drawn smaller, at the edge.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Intensities `[height, width, channels]` of 1 or 3 channels (red, green, blue). A pixel with
    /// an intensity that is not finite is drawn red.
    pub pixels: Array3<f32>,
    pub ring: Option<(f32, f32)>,
    pub cross: Option<(f32, f32)>,
    /// Positions with a dot each and a line through them.
    pub path: Vec<(f32, f32)>,
}

impl Frame {
    /// A frame without marks, of the intensities of one channel, row by row.
    ///
    /// # Errors
    /// A number of intensities other than `height * width`.
    pub fn grey((height, width): (usize, usize), pixels: &[f32]) -> anyhow::Result<Self> {
        let grey = ArrayView3::from_shape((height, width, 1), pixels);
        let expected = || {
            format!("a frame of {height} x {width}: expected {} pixels, got {}", height * width, pixels.len())
        };
        Ok(Self { pixels: grey.with_context(expected)?.to_owned(), ..Self::default() })
    }

    /// The height and width in pixels.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (height, width, _) = self.pixels.dim();
        (height, width)
    }

    fn check(&self) -> anyhow::Result<()> {
        let (height, width, channels) = self.pixels.dim();
        ensure!(height > 0 && width > 0, "expected at least one pixel, got {height} x {width}");
        ensure!(matches!(channels, 1 | 3), "expected 1 or 3 channels, got {channels}");
        Ok(())
    }
}

impl FrameGrid {
    /// Checks that all frames can be drawn; the error names the row and column of one that cannot.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for (index, row) in self.rows.iter().enumerate() {
            for (column, frame) in row.frames.iter().enumerate() {
                frame.check().with_context(|| format!("frame {column} of row {index}"))?;
            }
        }
        Ok(())
    }

    /// The greatest height and width of a frame, in pixels.
    pub(crate) fn frame_size(&self) -> (usize, usize) {
        let sizes = self.rows.iter().flat_map(|row| &row.frames).map(Frame::size);
        sizes.fold((1, 1), |most, size| (most.0.max(size.0), most.1.max(size.1)))
    }

    /// True if a frame has colours.
    pub(crate) fn has_colours(&self) -> bool {
        self.rows.iter().flat_map(|row| &row.frames).any(|frame| frame.pixels.dim().2 == 3)
    }
}
