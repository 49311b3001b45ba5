//! Charts of a grid: a panel for each condition and a line for each method.

use super::Study;
use super::points::Point;
use super::scores::StudyScore;
use umwelt_charts::format::{self, finite};
use umwelt_charts::{LineChart, Series};

/// The width of a category for the points of all methods, and the greatest distance of two methods.
const SIDE_BY_SIDE: (f64, f64) = (0.6, 0.16);

impl Study {
    /// A chart for each condition.
    pub(super) fn lines(&self, score: &StudyScore) -> Vec<LineChart> {
        self.conditions().iter().map(|points| self.panel(score, points)).collect()
    }

    /// The points that share a panel.
    pub(super) fn conditions(&self) -> Vec<&[Point]> {
        let same =
            |a: &Point, b: &Point| self.encoding.panels.iter().all(|&key| a.ranks[key] == b.ranks[key]);
        self.points.chunk_by(same).collect()
    }

    fn panel(&self, score: &StudyScore, points: &[Point]) -> LineChart {
        let lines = self.encoding.line.map_or(1, |line| self.keys[line].values.len());
        let x = self.encoding.x.map(|x| &self.keys[x]);
        let categories = match x {
            Some(x) if x.is_axis() => Vec::new(),
            Some(x) => x.values.clone(),
            None => vec![format::count(points.iter().map(|point| point.counted.len()).sum(), "run")],
        };
        LineChart {
            title: self.condition(points),
            x_label: x.map_or(String::new(), |x| x.name.clone()),
            series: (0..lines).filter_map(|style| self.series(score, points, style, lines)).collect(),
            log_x: categories.is_empty() && self.encoding.x.is_some_and(|x| self.is_log(x)),
            categories,
            ..self.chart(score)
        }
    }

    /// The line of one method; `None` without a point in this panel. A point without the score is a
    /// gap.
    fn series(&self, score: &StudyScore, points: &[Point], style: usize, lines: usize) -> Option<Series> {
        let on_line = |point: &&Point| self.encoding.line.is_none_or(|line| point.ranks[line] == style);
        let points: Vec<&Point> = points.iter().filter(on_line).collect();
        let summaries: Vec<_> = points.iter().map(|point| point.summary(&self.runs, &score.name)).collect();
        let places: Vec<f64> = points.iter().map(|point| self.x_of(point, style, lines)).collect();
        let means = summaries.iter().map(|summary| summary.map_or(f64::NAN, |summary| summary.mean));
        let bars = summaries.iter().map(|summary| summary.map_or(f64::NAN, |summary| summary.deviation));
        let name = self
            .encoding
            .line
            .map_or(String::new(), |line| self.keys[line].label(&self.keys[line].values[style]));
        (!points.is_empty()).then(|| Series {
            name,
            points: places.iter().copied().zip(means).collect(),
            error_bars: Some(bars.collect()),
            dots: points.iter().zip(&places).flat_map(|(point, &x)| self.dots(score, point, x)).collect(),
            style: Some(style),
            unconnected: !self.encoding.x.is_some_and(|x| self.keys[x].is_axis()),
            spread: None,
        })
    }

    /// The single values of a point at `x`, if there are several.
    pub(super) fn dots(&self, score: &StudyScore, point: &Point, x: f64) -> Vec<(f64, f64)> {
        let scores = point.scores(&self.runs, &score.name);
        if scores.len() < 2 { Vec::new() } else { scores.into_iter().map(|score| (x, score)).collect() }
    }

    /// The x of a point: its number, or its method's place in its category.
    fn x_of(&self, point: &Point, style: usize, lines: usize) -> f64 {
        let Some(x) = self.encoding.x else { return place_in_category(0, style, lines) };
        match finite(self.value(point, x)).filter(|_| self.keys[x].is_axis()) {
            Some(number) => number,
            None => place_in_category(point.ranks[x], style, lines),
        }
    }
}

fn place_in_category(category: usize, style: usize, lines: usize) -> f64 {
    let step = (SIDE_BY_SIDE.0 / lines as f64).min(SIDE_BY_SIDE.1);
    category as f64 + step * (style as f64 - 0.5 * (lines as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::examples::{conditions, noise_sweep, run};
    use super::super::{Outcome, Study, StudyRun};
    use super::*;
    use crate::sweeps::ReportOptions;
    use umwelt_charts::inspect::{assert_words_are_apart, numbers, paths};

    /// A study of the prediction alone.
    fn prediction(runs: Vec<StudyRun>) -> Study {
        let metrics = vec!["prediction.rmse_px".into()];
        Study::with(runs, ReportOptions { metrics, ..ReportOptions::default() })
    }

    fn chart(runs: Vec<StudyRun>) -> LineChart {
        let study = prediction(runs);
        study.lines(study.first_score()).remove(0)
    }

    #[test]
    fn points_are_means_with_their_deviation_and_seeds() {
        let chart = chart(noise_sweep());
        assert_eq!(chart.series.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["VICReg", "IDM"]);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        let vicreg = &chart.series[0];
        assert_eq!(vicreg.points.iter().map(|point| point.0).collect::<Vec<_>>(), [0.0, 1.0, 2.0]);
        assert!(near(vicreg.points[2].1, 3.0) && near(vicreg.error_bars.as_ref().unwrap()[2], 0.1));
        assert_eq!(vicreg.dots.len(), 9);
        assert!(near(vicreg.dots[0].1, 0.9) && near(vicreg.dots[2].1, 1.1));
    }

    #[test]
    fn a_point_without_a_finished_run_is_a_gap() {
        let mut runs = noise_sweep();
        runs[3..6].iter_mut().for_each(|run| run.outcome = Outcome::Failed("why".into()));
        let chart = chart(runs);
        assert!(chart.series[0].points[1].1.is_nan() && chart.series[1].points[1].1.is_finite());
    }

    #[test]
    fn every_mark_is_drawn_once() {
        let figure = prediction(noise_sweep()).figure();
        assert_eq!((paths(&figure, "series").len(), paths(&figure, "error").len()), (2, 6));
        assert_eq!(figure.svg().matches(r#"class="dot""#).count(), 18);
        assert_words_are_apart(&figure);
    }

    #[test]
    fn panels_share_heights_and_a_method_keeps_its_style() {
        let runs: Vec<_> = conditions()
            .into_iter()
            .filter(|run| run.varied[0].1 == "IDM" || run.varied[2].1 == "3")
            .collect();
        let figure = prediction(runs).figure();
        let study = prediction(conditions());
        let charts = study.lines(study.first_score());
        assert_eq!(charts.len(), 4);
        assert_eq!(charts[1].title, "dots=1, static=true");
        let page = umwelt_charts::inspect::roxmltree::Document::parse(figure.svg()).unwrap();
        let lines = page.descendants().filter(|node| node.attribute("class") == Some("series"));
        let styles: Vec<_> = lines
            .map(|line| (line.children().next().unwrap().text().unwrap(), line.attribute("stroke").unwrap()))
            .collect();
        assert_eq!(styles.len(), 6);
        assert_eq!(styles.into_iter().collect::<BTreeSet<_>>().len(), 2, "one colour for each method");
        let heights: Vec<f64> = paths(&figure, "series").iter().map(|path| numbers(path)[1]).collect();
        assert_eq!(heights[0], heights[1], "equal scores at equal heights in neighbouring panels");
        assert_eq!(figure.svg().matches(r#"class="key""#).count(), 2);
        assert_words_are_apart(&figure);
    }

    #[test]
    fn categories_are_ticks_with_points_side_by_side() {
        let names = ["batch_and_trajectory_negatives", "batch", "trajectory"];
        let mut runs = Vec::new();
        for (index, (name, method)) in names.iter().flat_map(|name| [(name, "A"), (name, "B")]).enumerate() {
            runs.push(run(
                "r",
                &[("negatives", name), ("method", method)],
                None,
                &[("prediction.rmse_px", index as f64)],
            ));
        }
        let study = prediction(runs);
        let chart = study.lines(study.first_score()).remove(0);
        assert_eq!(chart.categories, names);
        assert_eq!(chart.series[0].points[1], (0.92, 2.0));
        let figure = study.figure();
        assert!(paths(&figure, "series").is_empty());
        assert_eq!(figure.svg().matches(r#"class="point""#).count(), 6);
        assert!(figure.svg().contains(">trajectory<"));
        assert_words_are_apart(&figure);
    }

    #[test]
    fn a_single_point_is_still_a_figure() {
        let runs = vec![run("only", &[("k", "1")], None, &[("prediction.rmse_px", 1.0)])];
        let figure = Study::example(runs).figure();
        assert!(figure.svg().contains(">1 run<") && figure.svg().contains("Everywhere k=1."));
        assert_words_are_apart(&figure);
    }
}
