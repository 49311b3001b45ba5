//! Labels at the ends of lines, moved apart where they would overlap.

use super::area::Area;
use super::axis::Axis;
use super::chart::LineChart;
use super::element::{Element, number};
use super::font;
use super::format::short_number;
use super::palette;
use super::svg::{FAINT_INK, Svg, Text};

const SIZE: f64 = 12.0;
/// The distance between two labels' baselines.
pub const GAP: f64 = 15.5;
/// Distances from the area's right side: the start and the end of a label's sample of its line, and
/// the start of its text.
const BEND: f64 = 14.0;
const END: f64 = 40.0;
const TEXT: f64 = 45.0;

/// The name of a line with the style of the line.
pub struct EndLabel {
    text: String,
    colour: &'static str,
    dash: &'static str,
    /// The line's end as fractions of the two axes; `None` if no point of it can be drawn.
    end: Option<(f64, f64)>,
}

/// The labels of a chart: its series, then its baselines with their values.
pub fn of(chart: &LineChart, x: &Axis, y: &Axis) -> Vec<EndLabel> {
    let series = chart
        .series
        .iter()
        .enumerate()
        .filter(|(_, series)| !chart.legend_elsewhere && !series.name.is_empty());
    let series = series.map(|(index, series)| {
        let end =
            series.points.iter().rev().find_map(|point| Some((x.fraction(point.0)?, y.fraction(point.1)?)));
        let words = if end.is_some() { series.name.clone() } else { format!("{} (no data)", series.name) };
        let style = series.style(index);
        EndLabel { text: words, colour: palette::colour(style), dash: palette::dash(style), end }
    });
    let baselines = chart.baselines.iter().enumerate().filter(|(_, baseline)| !baseline.name.is_empty());
    let baselines = baselines.map(|(index, baseline)| {
        let end = y.fraction(baseline.value).map(|height| (1.0, height));
        let note = if end.is_some() { "" } else { " (not on this axis)" };
        let words = format!("{} {}{note}", baseline.name, short_number(baseline.value));
        EndLabel { text: words, colour: FAINT_INK, dash: palette::baseline_dash(index), end }
    });
    series.chain(baselines).collect()
}

/// The width of the labels, to the right of the area.
pub fn width(labels: &[EndLabel]) -> f64 {
    labels.iter().map(|label| TEXT + font::width(&label.text, SIZE)).fold(0.0, f64::max)
}

/// The least height of an area in which all labels fit.
pub fn height(labels: &[EndLabel]) -> f64 {
    labels.len() as f64 * GAP
}

/// Draws the labels to the right of the area, each with a lead from its line's end.
pub fn draw(svg: &mut Svg, area: &Area, labels: &[EndLabel]) {
    let wanted: Vec<f64> = labels.iter().map(|label| row(area, label.end)).collect();
    let edge = 0.5 * GAP;
    for (label, y) in labels.iter().zip(spread(&wanted, GAP, area.top + edge, area.bottom() - edge)) {
        if let Some(end) = label.end {
            draw_lead(svg, area, label, (area.left + end.0 * area.width, row(area, Some(end))), y);
        }
        let colour = if label.colour == FAINT_INK { FAINT_INK } else { Text::default().colour };
        svg.text(
            area.right() + TEXT,
            y + 0.35 * SIZE,
            &label.text,
            Text { size: SIZE, colour, ..Text::default() },
        );
    }
}

/// The page's y of a line's end; the bottom for a label without a line.
fn row(area: &Area, end: Option<(f64, f64)>) -> f64 {
    area.bottom() - end.map_or(0.0, |end| end.1) * area.height
}

/// Draws the lead from a line's end to its label: faint within the area, then in the line's style.
fn draw_lead(svg: &mut Svg, area: &Area, label: &EndLabel, (x, y): (f64, f64), label_y: f64) {
    let (right, from, to) = (area.right(), number(y), number(label_y));
    let (bend, end) = (number(right + BEND), number(right + END));
    let faint =
        Element::new("path").set("d", &format!("M{} {from}H{}L{bend} {to}", number(x), number(right + 2.0)));
    svg.add(faint.stroke(label.colour, 0.8).set("stroke-opacity", "0.5"));
    let sample = Element::new("path").set("class", "lead").set("d", &format!("M{bend} {to}H{end}"));
    svg.add(sample.stroke(label.colour, 1.8).dash(label.dash));
}

/// The heights within `top..=bottom` that are at least `gap` apart and closest to `wanted` by the
/// sum of squares.
///
/// The order is that of `wanted`. Heights that do not fit continue below `bottom`.
pub fn spread(wanted: &[f64], gap: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // With the gaps above it subtracted, each height is at least the one before: blocks of which
    // this is not true are merged into their mean.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (rank, &index) in order.iter().enumerate() {
        let mut block = (wanted[index] - rank as f64 * gap, 1);
        while let Some(above) = blocks.pop_if(|above| above.0 > block.0) {
            let size = above.1 + block.1;
            block = ((above.0 * above.1 as f64 + block.0 * block.1 as f64) / size as f64, size);
        }
        blocks.push(block);
    }
    let last = bottom - wanted.len().saturating_sub(1) as f64 * gap;
    let levels = blocks.into_iter().flat_map(|(level, size)| std::iter::repeat_n(level, size));
    let mut heights = vec![0.0; wanted.len()];
    for (rank, (index, level)) in order.into_iter().zip(levels).enumerate() {
        heights[index] = level.min(last).max(top) + rank as f64 * gap;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_room_stay_where_they_are() {
        assert_eq!(spread(&[50.0, 10.0, 90.0], 15.0, 0.0, 100.0), [50.0, 10.0, 90.0]);
    }

    #[test]
    fn equal_wishes_are_spread_about_their_mean() {
        assert_eq!(spread(&[50.0, 50.0, 50.0], 10.0, 0.0, 100.0), [40.0, 50.0, 60.0]);
        assert_eq!(spread(&[52.0, 50.0], 10.0, 0.0, 100.0), [56.0, 46.0]);
    }

    #[test]
    fn the_edges_push_back() {
        assert_eq!(spread(&[1.0, 0.0, 99.0], 10.0, 0.0, 100.0), [10.0, 0.0, 99.0]);
        assert_eq!(spread(&[100.0, 99.0, 98.0], 10.0, 0.0, 100.0), [100.0, 90.0, 80.0]);
        assert_eq!(spread(&[5.0; 4], 10.0, 0.0, 20.0), [0.0, 10.0, 20.0, 30.0]);
        assert!(spread(&[], 10.0, 0.0, 20.0).is_empty());
    }
}
