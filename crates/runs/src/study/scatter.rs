//! Charts of a search: a panel for each key and a point for each trial, the best circled.

use super::Study;
use super::keys::Key;
use super::points::Point;
use super::scores::StudyScore;
use umwelt_charts::format::finite;
use umwelt_charts::{LineChart, Series};

impl Study {
    /// A chart for each key, or for the key of the x option.
    pub(super) fn scatter(&self, score: &StudyScore) -> Vec<LineChart> {
        let keys: Vec<usize> = match self.encoding.x {
            Some(x) => vec![x],
            None => (0..self.keys.len()).filter(|&key| self.keys[key].varies()).collect(),
        };
        keys.into_iter().map(|key| self.scatter_panel(score, key)).collect()
    }

    fn scatter_panel(&self, score: &StudyScore, key: usize) -> LineChart {
        let lines = self.encoding.line.map_or(1, |line| self.keys[line].values.len());
        let Key { name, values, numeric, .. } = &self.keys[key];
        let (numeric, is_axis) = (*numeric, self.keys[key].is_axis());
        let categories = if numeric { Vec::new() } else { values.clone() };
        let best = self.points.iter().find(|point| self.is_best(point));
        LineChart {
            x_label: name.clone() + if numeric && !is_axis { " (where it is set)" } else { "" },
            series: (0..lines).map(|style| self.cloud(score, key, style)).collect(),
            log_x: categories.is_empty() && self.is_log(key),
            categories,
            circled: best.and_then(|best| self.scattered(score, best, key)),
            ..self.chart(score)
        }
    }

    /// The points with one value of the line key.
    fn cloud(&self, score: &StudyScore, key: usize, style: usize) -> Series {
        let has_style = |point: &&Point| self.encoding.line.is_none_or(|line| point.ranks[line] == style);
        let points: Vec<&Point> = self.points.iter().filter(has_style).collect();
        let placed: Vec<(&Point, (f64, f64))> =
            points.iter().filter_map(|&point| Some((point, self.scattered(score, point, key)?))).collect();
        let deviation = |point: &Point| {
            point.summary(&self.runs, &score.name).map_or(f64::NAN, |summary| summary.deviation)
        };
        Series {
            points: placed.iter().map(|(_, place)| *place).collect(),
            error_bars: Some(placed.iter().map(|(point, _)| deviation(point)).collect()),
            dots: placed.iter().flat_map(|(point, (x, _))| self.dots(score, point, *x)).collect(),
            style: Some(style),
            unconnected: true,
            ..Series::default()
        }
    }

    /// The position of a point in a key's panel; `None` without the score, or if a numeric key has
    /// no number.
    fn scattered(&self, score: &StudyScore, point: &Point, key: usize) -> Option<(f64, f64)> {
        let mean = point.summary(&self.runs, &score.name)?.mean;
        let x =
            if self.keys[key].numeric { finite(self.value(point, key))? } else { point.ranks[key] as f64 };
        Some((x, mean))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Study;
    use super::super::examples::search;
    use crate::Goal;
    use umwelt_charts::inspect::assert_words_are_apart;

    #[test]
    fn each_key_has_a_panel_and_each_run_a_point() {
        let study = Study::example(search(20));
        let charts = study.scatter(study.first_score());
        let labels: Vec<&str> = charts.iter().map(|chart| chart.x_label.as_str()).collect();
        assert_eq!(labels, ["vicreg.base_lr", "vicreg.sim_coeff", "vicreg.arch"]);
        assert_eq!([charts[0].log_x, charts[1].log_x, charts[2].log_x], [true, false, false]);
        assert_eq!(charts[2].categories, ["menet5", "resnet18"]);
        assert!(charts.iter().all(|chart| chart.series[0].points.len() == 20));
        let figure = study.figure();
        assert_eq!(figure.svg().matches(r#"class="point""#).count(), 60);
        assert_eq!(figure.svg().matches(r#"class="circled""#).count(), 3);
        assert_words_are_apart(&figure);
    }

    #[test]
    fn a_key_that_some_trials_lack_shows_the_others() {
        let mut runs = search(20);
        runs[..8].iter_mut().for_each(|run| drop(run.varied.remove(1)));
        let study = Study::example(runs);
        let chart = study.scatter(study.first_score()).pop().unwrap();
        assert_eq!(chart.x_label, "vicreg.sim_coeff (where it is set)");
        assert_eq!(chart.series[0].points.len(), 12);
    }

    #[test]
    fn the_circled_point_is_the_best() {
        let best = |goal| {
            let mut runs = search(20);
            runs.iter_mut().for_each(|run| run.card.scores[0].goal = goal);
            let study = Study::example(runs);
            study.scatter(study.first_score())[0].circled.unwrap().1
        };
        let scores: Vec<f64> = search(20).iter().map(|run| run.scores["prediction.rmse_px"]).collect();
        assert_eq!(best(Goal::Minimize), scores.iter().copied().fold(f64::INFINITY, f64::min));
        assert_eq!(best(Goal::Maximize), scores.iter().copied().fold(0.0, f64::max));
    }
}
