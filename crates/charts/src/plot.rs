//! The layout of one chart, and its drawing.

use super::area::Area;
use super::axis::Axis;
use super::category_ticks;
use super::chart::LineChart;
use super::element::{Element, number};
use super::end_labels::{self, EndLabel};
use super::font;
use super::line_marks::{draw_band, draw_baseline, draw_line};
use super::plot_axes::{TICK, TICK_LINE, extra_lines, widest, x_axis, x_ticks, y_axis};
use super::point_marks::{draw_circle, draw_dots, draw_error_bars};
use super::svg::{Anchor, FAINT_INK, GRID, Svg, Text};
use super::ticks::Tick;

/// The white margin of every figure.
pub const PAGE_MARGIN: f64 = 14.0;

const TITLE: f64 = 15.0;
const TITLE_LINE: f64 = 20.0;
const LABEL: f64 = 12.0;
/// The approximate least distance between ticks of the y axis.
const TICK_ROOM: f64 = 26.0;

/// The space around the data, for labels.
#[derive(Clone, Copy, Debug)]
pub struct Margins {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// A chart with its layout, ready to be drawn anywhere on a page.
pub struct Plot<'a> {
    chart: &'a LineChart,
    title: Vec<String>,
    x: Axis,
    y: Axis,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    labels: Vec<EndLabel>,
    pub margins: Margins,
    /// Width and height of the rectangle of the data.
    pub inner: (f64, f64),
}

impl<'a> Plot<'a> {
    /// The layout of `chart` around a rectangle of at least `inner` (width, height).
    pub fn new(chart: &'a LineChart, inner: (f64, f64)) -> Self {
        let (x, y) = (x_axis(chart), y_axis(chart));
        let labels = end_labels::of(chart, &x, &y);
        let pitch = category_ticks::pitch(&chart.categories, TICK);
        let inner =
            (inner.0.max(chart.categories.len() as f64 * pitch), inner.1.max(end_labels::height(&labels)));
        let (x_ticks, y_ticks) = (x_ticks(chart, &x, inner.0), y.ticks((inner.1 / TICK_ROOM) as usize));
        let margins = margins(chart, &x_ticks, &y_ticks, &labels);
        let mut plot = Self { chart, title: Vec::new(), x, y, x_ticks, y_ticks, labels, margins, inner };
        plot.title = font::wrap(&chart.title, TITLE, plot.size().0);
        plot.margins.top += plot.title.len() as f64 * TITLE_LINE;
        plot
    }

    /// Width and height with all labels.
    pub fn size(&self) -> (f64, f64) {
        let Margins { left, right, top, bottom } = self.margins;
        let wide = |words: &str, size| font::width(words, size);
        let title = self.title.iter().map(|line| wide(line, TITLE)).fold(0.0, f64::max);
        let words = title.max(wide(&self.chart.y_label, LABEL)).max(wide(&self.chart.x_label, LABEL));
        ((left + self.inner.0 + right).max(words), top + self.inner.1 + bottom)
    }

    /// Draws the chart with its upper left corner at `corner`.
    pub fn draw(&self, svg: &mut Svg, corner: (f64, f64)) {
        let area = self.area(corner);
        self.draw_labels(svg, corner.0, &area);
        self.draw_grid(svg, &area);
        let series = || self.chart.series.iter().enumerate();
        series().for_each(|(index, series)| draw_band(svg, &area, series.style(index), series));
        let baselines = self.chart.baselines.iter().enumerate();
        baselines.for_each(|(index, baseline)| draw_baseline(svg, &area, index, baseline));
        series().for_each(|(index, series)| draw_dots(svg, &area, series.style(index), series));
        series().for_each(|(index, series)| draw_error_bars(svg, &area, series.style(index), series));
        series().for_each(|(index, series)| draw_line(svg, &area, series.style(index), series));
        self.chart.circled.iter().for_each(|&point| draw_circle(svg, &area, point));
        end_labels::draw(svg, &area, &self.labels);
    }

    fn area(&self, (left, top): (f64, f64)) -> Area {
        let (left, top) = (left + self.margins.left, top + self.margins.top);
        Area { left, top, width: self.inner.0, height: self.inner.1, x: self.x, y: self.y }
    }

    fn draw_labels(&self, svg: &mut Svg, left: f64, area: &Area) {
        // A neighbour with a longer title may have raised the top; the title stays at its plot.
        let title_top = area.top - head(self.chart) - self.title.len() as f64 * TITLE_LINE;
        for (index, line) in self.title.iter().enumerate() {
            let baseline = title_top + TITLE_LINE * (index as f64 + 0.75);
            svg.text(left, baseline, line, Text { size: TITLE, ..Text::default() });
        }
        let faint = Text { colour: FAINT_INK, ..Text::default() };
        svg.text(left, area.top - 10.0, &self.chart.y_label, faint);
        let room = self.size().0 - font::width(&self.chart.x_label, LABEL);
        let centred = area.left + 0.5 * (area.width - font::width(&self.chart.x_label, LABEL));
        svg.text(
            centred.min(left + room).max(left),
            x_label_row(area, &self.x_ticks),
            &self.chart.x_label,
            faint,
        );
    }

    fn draw_grid(&self, svg: &mut Svg, area: &Area) {
        let style = |anchor| Text { size: TICK, anchor, colour: FAINT_INK };
        for tick in &self.y_ticks {
            let Some(y) = area.row(tick.value) else { continue };
            svg.add(rule((area.left, y), (area.right(), y), GRID.0));
            svg.text(area.left - 7.0, y + 0.35 * TICK, &tick.label, style(Anchor::End));
        }
        for tick in &self.x_ticks {
            let Some(x) = area.column(tick.value) else { continue };
            svg.add(rule((x, area.top), (x, area.bottom()), GRID.0));
            for (line, words) in tick.label.lines().enumerate() {
                svg.text(x, area.bottom() + 17.0 + line as f64 * TICK_LINE, words, style(Anchor::Middle));
            }
        }
        svg.add(rule((area.left, area.bottom()), (area.right(), area.bottom()), GRID.1));
    }
}

/// The y of the x axis' label, below the tick labels.
fn x_label_row(area: &Area, ticks: &[Tick]) -> f64 {
    area.bottom() + 36.0 + extra_lines(ticks)
}

fn margins(chart: &LineChart, x_ticks: &[Tick], y_ticks: &[Tick], labels: &[EndLabel]) -> Margins {
    let overhang = 0.5 * widest(x_ticks);
    Margins {
        left: (widest(y_ticks) + 8.0).max(overhang),
        right: end_labels::width(labels).max(overhang),
        top: head(chart),
        bottom: extra_lines(x_ticks) + if chart.x_label.is_empty() { 22.0 } else { 42.0 },
    }
}

/// The height of the y axis' label, between the title and the plot.
fn head(chart: &LineChart) -> f64 {
    if chart.y_label.is_empty() { 8.0 } else { 26.0 }
}

fn rule(from: (f64, f64), to: (f64, f64), colour: &str) -> Element {
    let path = format!("M{} {}L{} {}", number(from.0), number(from.1), number(to.0), number(to.1));
    Element::new("path").set("d", &path).stroke(colour, 1.0)
}
