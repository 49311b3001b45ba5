//! The axes of a chart and their ticks.

use super::axis::Axis;
use super::category_ticks::category_ticks;
use super::chart::LineChart;
use super::font;
use super::ticks::Tick;

/// The font size of tick labels and the distance between two of their lines.
pub const TICK: f64 = 11.0;
pub const TICK_LINE: f64 = 13.0;
/// The approximate least distance between ticks of the x axis.
const TICK_ROOM: f64 = 55.0;

/// The x axis: over the categories, or over the points.
pub fn x_axis(chart: &LineChart) -> Axis {
    if !chart.categories.is_empty() {
        return Axis::tight([-0.5, chart.categories.len() as f64 - 0.5].into_iter(), false);
    }
    let places = chart.series.iter().flat_map(|s| &s.points).map(|point| point.0);
    if chart.x_margin { Axis::with_margin(places, chart.log_x) } else { Axis::tight(places, chart.log_x) }
}

/// The y axis: over the data and baselines, or over the range that the chart prescribes.
pub fn y_axis(chart: &LineChart) -> Axis {
    match chart.y_range {
        Some((low, high)) => Axis::with_margin_or_zero([low, high].into_iter(), chart.log_y),
        None => Axis::with_margin_or_zero(chart.heights(), chart.log_y),
    }
}

/// The ticks of the x axis in a width of `room`: the categories, or as many round numbers as fit.
pub fn x_ticks(chart: &LineChart, axis: &Axis, room: f64) -> Vec<Tick> {
    match chart.categories.len() {
        0 => fitting_ticks(axis, room),
        count => category_ticks(&chart.categories, TICK, room / count as f64),
    }
}

/// The height of tick labels beyond their first line.
pub fn extra_lines(ticks: &[Tick]) -> f64 {
    let most = ticks.iter().map(|tick| tick.label.lines().count()).max().unwrap_or(0);
    most.saturating_sub(1) as f64 * TICK_LINE
}

/// As many ticks as the labels leave room for.
fn fitting_ticks(axis: &Axis, room: f64) -> Vec<Tick> {
    let most = (room / TICK_ROOM) as usize;
    let fits = |ticks: &Vec<Tick>| widest(ticks) + 14.0 <= room / ticks.len().max(1) as f64;
    (2..most).rev().map(|target| axis.ticks(target)).find(fits).unwrap_or_else(|| axis.ticks(1))
}

/// The width of the widest tick label.
pub fn widest(ticks: &[Tick]) -> f64 {
    let lines = ticks.iter().flat_map(|tick| tick.label.lines());
    lines.map(|line| font::width(line, TICK)).fold(0.0, f64::max)
}
