//! Drawing of a line chart on a page of its own.

use super::chart::LineChart;
use super::figure::Figure;
use super::plot::{PAGE_MARGIN, Plot};
use super::svg::Svg;

/// Width and height of the plot without its labels.
const PLOT: (f64, f64) = (520.0, 300.0);

impl LineChart {
    /// The chart on a page that has room for all labels.
    pub fn figure(&self) -> Figure {
        let plot = Plot::new(self, PLOT);
        let (width, height) = plot.size();
        let mut svg = Svg::new(width + 2.0 * PAGE_MARGIN, height + 2.0 * PAGE_MARGIN);
        plot.draw(&mut svg, (PAGE_MARGIN, PAGE_MARGIN));
        svg.finish(&self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::{Baseline, Series};
    use super::super::inspect::{assert_words_are_apart, numbers, paths};
    use super::*;

    fn series(name: &str, points: &[(f64, f64)]) -> Series {
        Series { name: name.into(), points: points.to_vec(), ..Series::default() }
    }

    fn baseline(name: &str, value: f64) -> Baseline {
        Baseline { name: name.into(), value, ..Baseline::default() }
    }

    fn chart(series: Vec<Series>, baselines: Vec<Baseline>) -> LineChart {
        let words = |words: &str| words.to_owned();
        let (title, x_label, y_label) = (words("A title"), words("step"), words("RMSE (pixels)"));
        LineChart { title, x_label, y_label, series, baselines, ..LineChart::default() }
    }

    #[test]
    fn every_series_and_floor_is_drawn_and_named_apart() {
        let lines = (0..9)
            .map(|i| series(&format!("series number {i}"), &[(0.0, 1.0), (16.0, 1.0 + 0.01 * i as f64)]));
        let baselines =
            (0..20).map(|i| baseline(&format!("baseline {i}"), 1.05 + 0.001 * i as f64)).collect();
        let figure = chart(lines.collect(), baselines).figure();
        assert_eq!((paths(&figure, "series").len(), paths(&figure, "baseline").len()), (9, 20));
        assert_words_are_apart(&figure);
    }

    #[test]
    fn words_stay_on_the_page_however_long() {
        let mut long = chart(vec![series("x".repeat(90).as_str(), &[(0.0, -1e12), (1e9, 1e12)])], vec![]);
        (long.title, long.x_label) = ("many words ".repeat(30), "steps of the optimiser ".repeat(10));
        long.y_label = "mean squared distance ".repeat(12);
        assert_words_are_apart(&long.figure());
    }

    #[test]
    fn points_lie_where_their_values_say() {
        let figure = chart(vec![series("a", &[(0.0, 0.0), (4.0, 50.0), (8.0, 100.0)])], vec![]).figure();
        let line = numbers(&paths(&figure, "series")[0]);
        assert_eq!(line[4] - line[0], PLOT.0);
        assert!((line[2] - line[0] - 0.5 * PLOT.0).abs() < 0.02);
        assert!((line[1] - line[5] - PLOT.1 / 1.04).abs() < 0.02, "4% of air above, none below 0");
        assert!((line[3] - 0.5 * (line[1] + line[5])).abs() < 0.02);
    }

    #[test]
    fn what_cannot_be_drawn_is_a_gap() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 2.0), (4.0, 0.0)];
        let mut gap = chart(vec![series("gap", &points)], vec![]);
        let starts = |chart: &LineChart| paths(&chart.figure(), "series")[0].matches('M').count();
        assert_eq!(starts(&gap), 2);
        assert_eq!(numbers(&paths(&gap.figure(), "series")[0]).len(), 2 * 4);
        gap.log_y = true;
        assert_eq!(numbers(&paths(&gap.figure(), "series")[0]).len(), 2 * 3);
    }

    #[test]
    fn odd_data_give_a_figure_and_say_what_is_missing() {
        let baselines = vec![baseline("lost", f64::NAN), baseline("negative", -1.0)];
        let mut odd = chart(vec![series("empty", &[]), series("one", &[(3.0, 2.0)])], baselines);
        odd.log_y = true;
        let figure = odd.figure();
        assert!(
            figure.svg().contains("empty (no data)") && figure.svg().contains("lost NaN (not on this axis)")
        );
        assert_words_are_apart(&figure);
        assert_words_are_apart(&chart(vec![], vec![]).figure());
        LineChart::default().figure().png().unwrap();
    }

    #[test]
    fn bands_surround_their_line_within_the_plot() {
        let mut band = chart(vec![series("a", &[(1.0, 2.0), (2.0, 3.0)])], vec![]);
        band.series[0].spread = Some(vec![1.0, f64::NAN]);
        assert_eq!(numbers(&paths(&band.figure(), "band")[0]).len(), 4);
        band.series[0].spread = Some(vec![5.0, 1.0]);
        (band.log_x, band.log_y) = (true, true);
        let figure = band.figure();
        let (edges, line) = (numbers(&paths(&figure, "band")[0]), numbers(&paths(&figure, "series")[0]));
        assert!(edges[1] < line[1] && line[1] < edges[7], "up is less on a page");
        assert!(!paths(&figure, "band")[0].contains("inf") && edges.iter().all(|edge| *edge >= 0.0));
    }

    #[test]
    fn the_same_data_give_the_same_bytes() {
        let draw =
            || chart(vec![series("a", &[(0.0, 0.3), (1.0, 0.1)])], vec![baseline("centre", 0.2)]).figure();
        assert_eq!(draw().svg(), draw().svg());
        assert_eq!(draw().png().unwrap(), draw().png().unwrap());
    }
}
