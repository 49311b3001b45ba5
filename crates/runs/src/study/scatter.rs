//! Charts of a search: a panel for each searched key, a point for each setting tried, the best circled.

use super::Study;
use super::keys::Key;
use super::points::Point;
use umwelt_charts::format::finite;
use umwelt_charts::line_chart::{LineChart, Series};

impl Study {
    /// A chart for each key, or for the one that was wished for.
    pub(super) fn scatter(&self, metric: &str) -> Vec<LineChart> {
        let keys: Vec<usize> = match self.roles.x {
            Some(x) => vec![x],
            None => (0..self.keys.len()).filter(|&key| self.keys[key].varies()).collect(),
        };
        keys.into_iter().map(|key| self.scatter_panel(metric, key)).collect()
    }

    fn scatter_panel(&self, metric: &str, key: usize) -> LineChart {
        let lines = self.roles.line.map_or(1, |line| self.keys[line].values.len());
        let Key { name, values, numeric, .. } = &self.keys[key];
        let (numeric, is_axis) = (*numeric, self.keys[key].is_axis());
        let categories = if numeric { Vec::new() } else { values.clone() };
        let best = self.points.iter().find(|point| self.is_best(point));
        LineChart {
            x_label: name.clone() + if numeric && !is_axis { " (where it is set)" } else { "" },
            series: (0..lines).map(|look| self.cloud(metric, key, look)).collect(),
            log_x: categories.is_empty() && self.is_log(key),
            categories,
            circled: best.and_then(|best| self.scattered(metric, best, key)),
            ..self.chart(metric)
        }
    }

    /// The points of one line key's value.
    fn cloud(&self, metric: &str, key: usize, look: usize) -> Series {
        let of_look = |point: &&Point| self.roles.line.is_none_or(|line| point.ranks[line] == look);
        let points: Vec<&Point> = self.points.iter().filter(of_look).collect();
        let placed: Vec<(&Point, (f64, f64))> =
            points.iter().filter_map(|&point| Some((point, self.scattered(metric, point, key)?))).collect();
        let deviation =
            |point: &Point| point.summary(&self.runs, metric).map_or(f64::NAN, |summary| summary.deviation);
        Series {
            points: placed.iter().map(|(_, place)| *place).collect(),
            error_bars: Some(placed.iter().map(|(point, _)| deviation(point)).collect()),
            dots: placed.iter().flat_map(|(point, (x, _))| self.dots(metric, point, *x)).collect(),
            look: Some(look),
            unconnected: true,
            ..Series::default()
        }
    }

    /// Where a point lies in a key's panel; `None` without a score, or without the key where that is a number.
    fn scattered(&self, metric: &str, point: &Point, key: usize) -> Option<(f64, f64)> {
        let mean = point.summary(&self.runs, metric)?.mean;
        let x =
            if self.keys[key].numeric { finite(self.value(point, key))? } else { point.ranks[key] as f64 };
        Some((x, mean))
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{search, study};
    use super::super::{Study, Wishes};
    use crate::Goal;
    use umwelt_charts::inspect::assert_words_are_apart;

    #[test]
    fn each_key_has_a_panel_and_each_run_a_point() {
        let study = study(search(20));
        let charts = study.scatter("prediction.rmse_px");
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
        let chart = study(runs).scatter("prediction.rmse_px").pop().unwrap();
        assert_eq!(chart.x_label, "vicreg.sim_coeff (where it is set)");
        assert_eq!(chart.series[0].points.len(), 12);
    }

    #[test]
    fn the_circled_point_is_the_best() {
        let best = |goal| {
            let study = Study::new("t", search(20), Wishes { goal, ..Wishes::default() }).unwrap();
            study.scatter("prediction.rmse_px")[0].circled.unwrap().1
        };
        let scores: Vec<f64> = search(20).iter().map(|run| run.scores["prediction.rmse_px"]).collect();
        assert_eq!(best(Goal::Minimize), scores.iter().copied().fold(f64::INFINITY, f64::min));
        assert_eq!(best(Goal::Maximize), scores.iter().copied().fold(0.0, f64::max));
    }
}
