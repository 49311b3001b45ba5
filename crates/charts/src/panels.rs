//! Small multiples: charts of one size in rows, with a common title, legend and caption.

use super::chart::LineChart;
use super::figure::Figure;
use super::font;
use super::legend::{self, LegendEntry};
use super::plot::{PAGE_MARGIN, Plot};
use super::svg::{FAINT_INK, Svg, Text};

/// Width and height of one panel's plot without its labels.
const PLOT: (f64, f64) = (300.0, 160.0);
const TITLE: f64 = 17.0;
const TITLE_LINE: f64 = 24.0;
const CAPTION: f64 = 11.5;
const CAPTION_LINE: f64 = 16.0;
const GAP: f64 = 28.0;

/// A page of `charts` with aligned plots, `columns` in a row, under a common title.
pub fn panels(title: &str, charts: Vec<LineChart>, columns: usize) -> Figure {
    let columns = columns.clamp(1, charts.len().max(1));
    let rows = charts.chunks(columns).map(<[LineChart]>::to_vec).collect();
    Panels { title: title.into(), rows, plot: PLOT, ..Panels::default() }.figure()
}

/// Rows of charts with aligned plots.
#[derive(Clone, Debug, Default)]
pub struct Panels {
    pub title: String,
    pub rows: Vec<Vec<LineChart>>,
    /// Width and height of each plot without its labels.
    pub plot: (f64, f64),
    /// The legend of all charts, above them.
    pub legend: Vec<LegendEntry>,
    /// Sentences below the charts.
    pub caption: String,
}

impl Panels {
    /// The page, with room for all charts and text.
    pub fn figure(&self) -> Figure {
        let plots = aligned(&self.rows, self.plot);
        let grid = Grid::of(&plots);
        let width = grid.width().max(self.plot.0).max(legend::least_width(&self.legend));
        let title = font::wrap(&self.title, TITLE, width);
        let widest = title.iter().map(|line| font::width(line, TITLE)).fold(width, f64::max);
        let keys = legend::rows(&self.legend, widest);
        let caption = font::wrap(&self.caption, CAPTION, widest);
        let keys_top = PAGE_MARGIN + title.len() as f64 * TITLE_LINE + 12.0;
        let top = keys_top + keys.len() as f64 * legend::ROW + if keys.is_empty() { 0.0 } else { 10.0 };
        let below = top + grid.height();
        let caption_height = if caption.is_empty() { 0.0 } else { caption.len() as f64 * CAPTION_LINE + 8.0 };
        let mut svg = Svg::new(widest + 2.0 * PAGE_MARGIN, below + caption_height + PAGE_MARGIN);
        draw_lines(&mut svg, PAGE_MARGIN, TITLE_LINE, &title, Text { size: TITLE, ..Text::default() });
        for (index, row) in keys.iter().enumerate() {
            let y = keys_top + (index as f64 + 0.4) * legend::ROW;
            row.iter().for_each(|(x, entry)| legend::draw(&mut svg, (PAGE_MARGIN + x, y), entry));
        }
        grid.draw(&mut svg, top, &plots);
        let faint = Text { size: CAPTION, colour: FAINT_INK, ..Text::default() };
        draw_lines(&mut svg, below + 8.0, CAPTION_LINE, &caption, faint);
        svg.finish(&self.title)
    }
}

/// The widths of the columns and the height of a row, each with the gap after it.
struct Grid {
    columns: Vec<f64>,
    rows: usize,
    row_height: f64,
}

impl Grid {
    fn of(plots: &[Vec<Plot>]) -> Self {
        let count = plots.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let sizes = plots.iter().filter_map(|row| Some(row.get(column)?.size().0));
            sizes.fold(0.0, f64::max) + GAP
        };
        let sizes = plots.iter().flatten().map(|plot| plot.size().1);
        let row_height = sizes.fold(0.0, f64::max) + GAP;
        Self { columns: (0..count).map(width).collect(), rows: plots.len(), row_height }
    }

    fn width(&self) -> f64 {
        self.columns.iter().sum::<f64>() - GAP
    }

    fn height(&self) -> f64 {
        (self.rows as f64 * self.row_height - GAP).max(0.0)
    }

    fn draw(&self, svg: &mut Svg, top: f64, plots: &[Vec<Plot>]) {
        for (index, row) in plots.iter().enumerate() {
            let mut left = PAGE_MARGIN;
            for (plot, width) in row.iter().zip(&self.columns) {
                plot.draw(svg, (left, top + index as f64 * self.row_height));
                left += width;
            }
        }
    }
}

fn draw_lines(svg: &mut Svg, top: f64, height: f64, lines: &[String], style: Text) {
    for (index, line) in lines.iter().enumerate() {
        svg.text(PAGE_MARGIN, top + height * (index as f64 + 0.75), line, style);
    }
}

/// The layouts of the charts, with equal margins so that the plots are aligned; the right margin is
/// equal within a column.
fn aligned(rows: &[Vec<LineChart>], inner: (f64, f64)) -> Vec<Vec<Plot<'_>>> {
    let mut plots: Vec<Vec<Plot>> =
        rows.iter().map(|row| row.iter().map(|chart| Plot::new(chart, inner)).collect()).collect();
    let most = |side: fn(&Plot) -> f64| plots.iter().flatten().map(side).fold(0.0, f64::max);
    let (left, top) = (most(|plot| plot.margins.left), most(|plot| plot.margins.top));
    let (bottom, size) = (most(|plot| plot.margins.bottom), (most(|p| p.inner.0), most(|p| p.inner.1)));
    let right = |column: usize| {
        plots.iter().filter_map(|row| Some(row.get(column)?.margins.right)).fold(0.0, f64::max)
    };
    let rights: Vec<f64> = (0..plots.iter().map(Vec::len).max().unwrap_or(0)).map(right).collect();
    for (plot, right) in plots.iter_mut().flat_map(|row| row.iter_mut().zip(&rights)) {
        plot.margins.left = left;
        plot.margins.right = *right;
        (plot.margins.top, plot.margins.bottom) = (top, bottom);
        plot.inner = size;
    }
    plots
}

#[cfg(test)]
mod tests {
    use super::super::chart::Series;
    use super::super::inspect::{assert_words_are_apart, numbers, paths};
    use super::*;

    fn charts(count: usize) -> Vec<LineChart> {
        let chart = |index: usize| {
            let points =
                (0..1560).map(|step| (step as f64, 10f64.powi(index as i32) * step as f64)).collect();
            let series = vec![Series { points, ..Series::default() }];
            LineChart {
                title: format!("term {index}"),
                x_label: "step".into(),
                series,
                ..LineChart::default()
            }
        };
        (0..count).map(chart).collect()
    }

    #[test]
    fn panels_line_up() {
        let figure = panels("The terms of the loss", charts(5), 2);
        let starts: Vec<_> = paths(&figure, "series").iter().map(|path| numbers(path)).collect();
        assert_eq!(starts.len(), 5);
        assert_eq!((starts[0][0], starts[0][1]), (starts[2][0], starts[1][1]));
        assert!(starts[1][0] > starts[0][0] + PLOT.0 && starts[4][1] > starts[2][1] + PLOT.1);
        assert_words_are_apart(&figure);
    }

    #[test]
    fn any_number_of_panels_and_columns_will_do() {
        panels("nothing", Vec::new(), 0).png().unwrap();
        assert_words_are_apart(&panels(&"a title ".repeat(40), charts(1), 7));
    }
}
