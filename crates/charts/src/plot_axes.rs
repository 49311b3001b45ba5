//! The axes of a chart: what they reach, and their ticks.

use super::axis::Axis;
use super::category_ticks::category_ticks;
use super::font;
use super::line_chart::{LineChart, Series};
use super::ticks::Tick;

/// The size of the ticks' words, and the distance between two lines of them.
pub const TICK: f64 = 11.0;
pub const TICK_LINE: f64 = 13.0;
/// About the least distance between ticks across.
const TICK_ROOM: f64 = 55.0;

/// The axis across: of categories, or over the points.
pub fn x_axis(chart: &LineChart) -> Axis {
    if !chart.categories.is_empty() {
        return Axis::tight([-0.5, chart.categories.len() as f64 - 0.5].into_iter(), false);
    }
    let places = chart.series.iter().flat_map(|s| &s.points).map(|point| point.0);
    if chart.x_air { Axis::airy(places, chart.log_x) } else { Axis::tight(places, chart.log_x) }
}

/// The axis up: over the data and floors, or over a range that other charts share.
pub fn y_axis(chart: &LineChart) -> Axis {
    match chart.y_range {
        Some((low, high)) => Axis::roomy([low, high].into_iter(), chart.log_y),
        None => Axis::roomy(heights(chart), chart.log_y),
    }
}

/// The ticks across `room`: the categories, or as many round numbers as stand apart.
pub fn x_ticks(chart: &LineChart, axis: &Axis, room: f64) -> Vec<Tick> {
    match chart.categories.len() {
        0 => fitting_ticks(axis, room),
        count => category_ticks(&chart.categories, TICK, room / count as f64),
    }
}

/// The height that ticks' words take beyond one line.
pub fn extra_lines(ticks: &[Tick]) -> f64 {
    let most = ticks.iter().map(|tick| tick.label.lines().count()).max().unwrap_or(0);
    most.saturating_sub(1) as f64 * TICK_LINE
}

/// Every height that the y axis should reach. A band's lower edge may leave a logarithmic axis.
pub fn heights(chart: &LineChart) -> impl Iterator<Item = f64> {
    let reach = |series: &Series, index: usize| {
        let spreads = [&series.spread, &series.error_bars].into_iter().flatten();
        let spreads =
            spreads.filter_map(|spread| spread.get(index).copied()).filter(|spread| spread.is_finite());
        spreads.fold(0.0, |most, spread| spread.abs().max(most))
    };
    let points = chart.series.iter().flat_map(move |series| {
        series.points.iter().enumerate().flat_map(move |(index, &(_, y))| {
            let (low, high) = (y - reach(series, index), y + reach(series, index));
            [if chart.log_y { low.max(0.1 * y) } else { low }, high]
        })
    });
    let dots = chart.series.iter().flat_map(|series| &series.dots).map(|dot| dot.1);
    points.chain(dots).chain(chart.floors.iter().map(|floor| floor.value))
}

/// The most ticks whose labels stand apart.
fn fitting_ticks(axis: &Axis, room: f64) -> Vec<Tick> {
    let most = (room / TICK_ROOM) as usize;
    let fits = |ticks: &Vec<Tick>| widest(ticks) + 14.0 <= room / ticks.len().max(1) as f64;
    (2..most).rev().map(|target| axis.ticks(target)).find(fits).unwrap_or_else(|| axis.ticks(1))
}

/// The width of the widest tick.
pub fn widest(ticks: &[Tick]) -> f64 {
    let lines = ticks.iter().flat_map(|tick| tick.label.lines());
    lines.map(|line| font::width(line, TICK)).fold(0.0, f64::max)
}
