//! Line charts, frame grids and tables as SVG, PNG and text. No file is written here.

mod area;
mod axis;
mod category_ticks;
pub mod chart;
mod element;
mod end_labels;
pub mod figure;
mod font;
pub mod format;
mod frame_grid;
mod frame_layout;
mod frame_marks;
mod frames;
#[cfg(any(test, feature = "inspect"))]
pub mod inspect;
pub mod legend;
mod line_chart;
mod line_marks;
mod palette;
pub mod panels;
mod plot;
mod plot_axes;
mod point_marks;
pub mod range;
mod svg;
pub mod text_table;
mod ticks;

pub use chart::{Baseline, LineChart, Series};
pub use figure::Figure;
pub use frames::{Frame, FrameGrid, FrameRow, MarkLabels};
pub use panels::panels;
pub use text_table::{Align, Table};
