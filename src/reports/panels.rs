//! Small multiples: charts of one size, side by side.

use super::figure::Figure;
use super::font;
use super::line_chart::LineChart;
use super::plot::{Margins, PAGE_MARGIN, Plot};
use super::svg::{Svg, Text};

/// The size of one panel's plot; labels come on top of it.
const PLOT: (f64, f64) = (300.0, 160.0);
const TITLE: f64 = 17.0;
const TITLE_LINE: f64 = 24.0;
const GAP: f64 = 28.0;

/// Draws `charts` in rows of `columns` under a common title, their plots aligned.
pub fn panels(title: &str, charts: Vec<LineChart>, columns: usize) -> Figure {
    let plots = aligned(&charts);
    let columns = columns.clamp(1, plots.len().max(1));
    let rows = plots.len().div_ceil(columns);
    let sizes = || plots.iter().map(Plot::size);
    let cell_width = sizes().map(|size| size.0).fold(0.0, f64::max) + GAP;
    let cell_height = sizes().map(|size| size.1).fold(0.0, f64::max) + GAP;
    let width = (columns as f64 * cell_width - GAP).max(PLOT.0);
    let title_lines = font::wrap(title, TITLE, width);
    let widest = title_lines.iter().map(|line| font::width(line, TITLE)).fold(width, f64::max);
    let top = PAGE_MARGIN + title_lines.len() as f64 * TITLE_LINE + 12.0;
    let mut svg = Svg::new(widest + 2.0 * PAGE_MARGIN, top + rows as f64 * cell_height - GAP + PAGE_MARGIN);
    for (index, line) in title_lines.iter().enumerate() {
        let baseline = PAGE_MARGIN + TITLE_LINE * (index as f64 + 0.75);
        svg.text(PAGE_MARGIN, baseline, line, Text { size: TITLE, ..Text::default() });
    }
    for (index, plot) in plots.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        plot.draw(&mut svg, (PAGE_MARGIN + column as f64 * cell_width, top + row as f64 * cell_height));
    }
    svg.finish(title)
}

/// Lays the charts out with the same room for words, so that their plots line up.
fn aligned(charts: &[LineChart]) -> Vec<Plot<'_>> {
    let mut plots: Vec<Plot> = charts.iter().map(|chart| Plot::new(chart, PLOT)).collect();
    let most = |side: fn(&Plot) -> f64| plots.iter().map(side).fold(0.0, f64::max);
    let margins = Margins {
        left: most(|plot| plot.margins.left),
        right: most(|plot| plot.margins.right),
        top: most(|plot| plot.margins.top),
        bottom: most(|plot| plot.margins.bottom),
    };
    let height = most(|plot| plot.inner.1);
    for plot in &mut plots {
        plot.margins = margins;
        plot.inner.1 = height;
    }
    plots
}

#[cfg(test)]
mod tests {
    use super::super::inspect::{assert_words_are_apart, numbers, paths};
    use super::super::line_chart::Series;
    use super::*;

    fn charts(count: usize) -> Vec<LineChart> {
        let chart = |index: usize| {
            let points =
                (0..1560).map(|step| (step as f64, 10f64.powi(index as i32) * step as f64)).collect();
            let series = vec![Series { name: String::new(), points, spread: None }];
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
