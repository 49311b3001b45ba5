//! Reports: figures and tables. They draw and write text, and leave files to the run folder.

mod area;
mod axis;
mod category_ticks;
mod element;
mod end_labels;
mod figure;
mod font;
mod frame_grid;
mod frame_layout;
mod frame_marks;
#[cfg(test)]
mod inspect;
mod legend;
mod line_chart;
mod line_marks;
mod palette;
mod panels;
mod plot;
mod plot_axes;
mod point_marks;
pub mod study;
mod svg;
mod text_table;
mod ticks;

pub use figure::Figure;
pub use frame_grid::{FRAME_SIDE, Frame, FrameGrid, FrameRow, MarkWords};
pub use line_chart::{Floor, LineChart, Series};
pub use panels::panels;

pub use text_table::{Align, Table};
