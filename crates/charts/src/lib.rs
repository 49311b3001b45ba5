//! Reports: figures and tables. They draw and write text, and leave files to the run folder.

mod area;
pub mod axis;
mod category_ticks;
mod element;
mod end_labels;
pub mod figure;
mod font;
pub mod format;
mod frame_grid;
mod frame_layout;
mod frame_marks;
#[cfg(any(test, feature = "inspect"))]
pub mod inspect;
pub mod legend;
pub mod line_chart;
mod line_marks;
mod palette;
pub mod panels;
mod plot;
pub mod plot_axes;
mod point_marks;
pub mod range;
mod svg;
pub mod text_table;
pub mod ticks;

pub use figure::Figure;
pub use frame_grid::{FRAME_SIDE, Frame, FrameGrid, FrameRow, MarkWords};
pub use line_chart::{Floor, LineChart, Series};
pub use panels::panels;
pub use text_table::{Align, Table};
