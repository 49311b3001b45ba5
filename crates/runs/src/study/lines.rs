//! Charts of a grid sweep: a panel for each condition, a line for each method, and the scores along x.

use super::Study;
use super::points::Point;
use umwelt_charts::format::{self, finite};
use umwelt_charts::line_chart::{LineChart, Series};

/// The room about a category in which the methods' points stand side by side, and the widest step between two.
const SIDE_BY_SIDE: (f64, f64) = (0.6, 0.16);

impl Study {
    /// A chart for each condition.
    pub(super) fn lines(&self, metric: &str) -> Vec<LineChart> {
        self.conditions().iter().map(|points| self.panel(metric, points)).collect()
    }

    /// The points that share a panel.
    pub(super) fn conditions(&self) -> Vec<&[Point]> {
        let same = |a: &Point, b: &Point| self.roles.panels.iter().all(|&key| a.ranks[key] == b.ranks[key]);
        self.points.chunk_by(same).collect()
    }

    fn panel(&self, metric: &str, points: &[Point]) -> LineChart {
        let lines = self.roles.line.map_or(1, |line| self.keys[line].values.len());
        let x = self.roles.x.map(|x| &self.keys[x]);
        let categories = match x {
            Some(x) if x.is_axis() => Vec::new(),
            Some(x) => x.values.clone(),
            None => vec![format::count(points.iter().map(|point| point.counted.len()).sum(), "run")],
        };
        LineChart {
            title: self.condition(points),
            x_label: x.map_or(String::new(), |x| x.name.clone()),
            series: (0..lines).filter_map(|look| self.series(metric, points, look, lines)).collect(),
            log_x: categories.is_empty() && self.roles.x.is_some_and(|x| self.is_log(x)),
            categories,
            ..self.chart(metric)
        }
    }

    /// The line of one method, unless this panel has none of it. A point without a score is a gap.
    fn series(&self, metric: &str, points: &[Point], look: usize, lines: usize) -> Option<Series> {
        let on_line = |point: &&Point| self.roles.line.is_none_or(|line| point.ranks[line] == look);
        let points: Vec<&Point> = points.iter().filter(on_line).collect();
        let summaries: Vec<_> = points.iter().map(|point| point.summary(&self.runs, metric)).collect();
        let places: Vec<f64> = points.iter().map(|point| self.along(point, look, lines)).collect();
        let means = summaries.iter().map(|summary| summary.map_or(f64::NAN, |summary| summary.mean));
        let bars = summaries.iter().map(|summary| summary.map_or(f64::NAN, |summary| summary.deviation));
        let name =
            self.roles.line.map_or(String::new(), |line| self.keys[line].told(&self.keys[line].values[look]));
        (!points.is_empty()).then(|| Series {
            name,
            points: places.iter().copied().zip(means).collect(),
            error_bars: Some(bars.collect()),
            dots: points.iter().zip(&places).flat_map(|(point, &x)| self.dots(metric, point, x)).collect(),
            look: Some(look),
            unconnected: !self.roles.x.is_some_and(|x| self.keys[x].is_axis()),
            spread: None,
        })
    }

    /// The single scores of a point at `x`, if there are several.
    pub(super) fn dots(&self, metric: &str, point: &Point, x: f64) -> Vec<(f64, f64)> {
        let scores = point.scores(&self.runs, metric);
        if scores.len() < 2 { Vec::new() } else { scores.into_iter().map(|score| (x, score)).collect() }
    }

    /// Where a point lies along x: at its number, or beside the other methods at its category.
    fn along(&self, point: &Point, look: usize, lines: usize) -> f64 {
        let Some(x) = self.roles.x else { return beside(0, look, lines) };
        match finite(self.value(point, x)).filter(|_| self.keys[x].is_axis()) {
            Some(number) => number,
            None => beside(point.ranks[x], look, lines),
        }
    }
}

fn beside(category: usize, look: usize, lines: usize) -> f64 {
    let step = (SIDE_BY_SIDE.0 / lines as f64).min(SIDE_BY_SIDE.1);
    category as f64 + step * (look as f64 - 0.5 * (lines as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::examples::{conditions, noise_sweep, run, study};
    use super::super::{Outcome, Study, Wishes};
    use super::*;
    use umwelt_charts::inspect::{assert_words_are_apart, numbers, paths};

    fn prediction() -> Wishes {
        Wishes { metrics: vec!["prediction.rmse_px".into()], ..Wishes::default() }
    }

    fn chart(runs: Vec<super::super::StudyRun>) -> LineChart {
        Study::new("t", runs, prediction()).unwrap().lines("prediction.rmse_px").remove(0)
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
        let figure = Study::new("t", noise_sweep(), prediction()).unwrap().figure();
        assert_eq!((paths(&figure, "series").len(), paths(&figure, "error").len()), (2, 6));
        assert_eq!(figure.svg().matches(r#"class="dot""#).count(), 18);
        assert_words_are_apart(&figure);
    }

    #[test]
    fn panels_share_heights_and_a_method_keeps_its_look() {
        let runs: Vec<_> = conditions()
            .into_iter()
            .filter(|run| run.varied[0].1 == "IDM" || run.varied[2].1 == "3")
            .collect();
        let figure = Study::new("t", runs, prediction()).unwrap().figure();
        let charts = Study::new("t", conditions(), prediction()).unwrap().lines("prediction.rmse_px");
        assert_eq!(charts.len(), 4);
        assert_eq!(charts[1].title, "dots=1, static=true");
        let page = umwelt_charts::inspect::roxmltree::Document::parse(figure.svg()).unwrap();
        let lines = page.descendants().filter(|node| node.attribute("class") == Some("series"));
        let looks: Vec<_> = lines
            .map(|line| (line.children().next().unwrap().text().unwrap(), line.attribute("stroke").unwrap()))
            .collect();
        assert_eq!(looks.len(), 6);
        assert_eq!(looks.into_iter().collect::<BTreeSet<_>>().len(), 2, "one colour for each method");
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
        let study = Study::new("t", runs, prediction()).unwrap();
        let chart = study.lines("prediction.rmse_px").remove(0);
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
        let figure = study(runs).figure();
        assert!(figure.svg().contains(">1 run<") && figure.svg().contains("Everywhere k=1."));
        assert_words_are_apart(&figure);
    }
}
