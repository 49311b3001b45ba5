//! A study's figure: its charts on a page, with a legend and a caption that says what they show and leave out.

use super::levels::reach;
use super::{Study, words};
use umwelt_charts::figure::Figure;
use umwelt_charts::format::short_number;
use umwelt_charts::legend::LegendEntry;
use umwelt_charts::line_chart::LineChart;
use umwelt_charts::panels::Panels;
use umwelt_charts::range::extent;

/// Beyond this ratio a linear axis hides the smaller values.
const WIDE: f64 = 100.0;
/// A linear axis shows at least this part of its height.
const LEAST_RANGE: f64 = 0.2;

impl Study {
    /// The scores over the swept keys: lines with error bars, or the points of a search.
    pub fn figure(&self) -> Figure {
        let scored =
            |metric: &&String| self.points.iter().any(|point| point.summary(&self.runs, metric).is_some());
        let metrics: Vec<&String> = self.metrics.iter().filter(scored).collect();
        let (mut floors, mut rows, mut panels) = (None, Vec::new(), 1);
        for metric in &metrics {
            let mut charts = if self.roles.scatter { self.scatter(metric) } else { self.lines(metric) };
            panels = charts.len();
            let columns = columns(panels);
            if **metric == self.first_metric() {
                floors = self.add_floors(&mut charts, columns);
            }
            if !self.own_heights {
                share_heights(&mut charts);
            }
            rows.extend(charts.chunks(columns).map(<[LineChart]>::to_vec));
        }
        let alone = panels * metrics.len() <= 1;
        let legend = self.legend(alone);
        rows.iter_mut().flatten().for_each(|chart| chart.legend_elsewhere = !legend.is_empty());
        let caption: Vec<String> =
            self.meaning().into_iter().chain(self.left_out(&metrics)).chain(floors).collect();
        let caption = caption.join(" ");
        Panels { title: self.title.clone(), rows, plot: plot_size(alone, columns(panels)), legend, caption }
            .figure()
    }

    /// The lines' names, unless a chart alone can hold them at its lines' ends.
    fn legend(&self, alone: bool) -> Vec<LegendEntry> {
        let unconnected = self.roles.scatter || !self.roles.x.is_some_and(|x| self.keys[x].is_axis());
        let Some(line) = self.roles.line.filter(|_| !alone || unconnected) else { return Vec::new() };
        let scored =
            |look: usize| self.points.iter().any(|p| p.ranks[line] == look && self.first(p).is_some());
        let entry = |(look, value): (usize, &String)| {
            let lack = if scored(look) { "" } else { " (no data)" };
            LegendEntry { name: self.keys[line].told(value) + lack, look, unconnected }
        };
        self.keys[line].values.iter().enumerate().map(entry).collect()
    }

    /// What points, bars and dots are.
    fn meaning(&self) -> Vec<String> {
        let counts = self.points.iter().filter_map(|point| self.first(point)).map(|summary| summary.count);
        let best = self.points.iter().find(|point| self.roles.scatter && self.is_best(point));
        let best = best.and_then(|point| {
            let (mean, run) = (self.first(point)?.mean, &self.runs[point.counted[0]].name);
            Some(format!("Circled: the best, {} of {run}: {}.", short_number(mean), self.place(point)))
        });
        let seeds = match counts.max().unwrap_or(0) {
            0 | 1 => None,
            most => Some(format!("Means over {most} seeds, bars one standard deviation, dots single seeds.")),
        };
        let fixed = self.fixed();
        let fixed = (!fixed.is_empty()).then(|| format!("Everywhere {}.", fixed.join(", ")));
        seeds.into_iter().chain(best).chain(fixed).collect()
    }

    /// How many runs are not in the figure, if any.
    fn left_out(&self, metrics: &[&String]) -> Option<String> {
        match (metrics.is_empty(), self.notes().is_empty()) {
            (true, _) => Some(format!("No finished run has a score yet. {}.", self.states())),
            (false, true) => None,
            (false, false) => Some(format!("{}; the table names those left out.", self.states())),
        }
    }

    /// Whether a key's numbers want a logarithmic axis.
    pub(super) fn is_log(&self, key: usize) -> bool {
        let numbers = self.keys[key].numbers();
        let positive = numbers.iter().all(|number| *number > 0.0);
        positive && (self.log.contains(&self.keys[key].name) || is_even_in_ratio(&numbers))
    }

    /// A chart of a metric without its data.
    pub(super) fn chart(&self, metric: &str) -> LineChart {
        let means = self.points.iter().filter_map(|point| point.summary(&self.runs, metric));
        let means: Vec<f64> = means.map(|summary| summary.mean).collect();
        let (low, high) = extent(means.into_iter());
        let log_y = low > 0.0 && high > WIDE * low;
        LineChart { y_label: words::metric(metric), log_y, x_air: true, ..LineChart::default() }
    }
}

/// Gives all charts the same y axis, on which differences of little account look little.
fn share_heights(charts: &mut [LineChart]) {
    let (low, high) = reach(charts);
    let room =
        if charts.iter().any(|chart| chart.log_y) { 0.0 } else { LEAST_RANGE * high.abs() - (high - low) };
    let room = 0.5 * room.max(0.0);
    charts.iter_mut().for_each(|chart| chart.y_range = Some((low - room, high + room)));
}

/// Positive numbers, in order, that a logarithmic axis spaces more evenly than a linear one.
fn is_even_in_ratio(numbers: &[f64]) -> bool {
    let steps = || numbers.windows(2).map(|pair| (pair[1] / pair[0]).ln());
    let (shortest, longest) = extent(steps());
    let (low, high) = extent(numbers.iter().copied());
    numbers.len() > 2 && high > 30.0 * low && longest < 3.0 * shortest
}

fn columns(panels: usize) -> usize {
    match panels {
        0..=3 => panels.max(1),
        4 => 2,
        5 | 6 | 9 => 3,
        _ => 4,
    }
}

fn plot_size(alone: bool, columns: usize) -> (f64, f64) {
    match columns {
        1 if alone => (520.0, 300.0),
        0..=2 => (340.0, 210.0),
        3 => (280.0, 180.0),
        _ => (230.0, 160.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{conditions, noise_sweep, run, study};
    use super::super::{Outcome, Wishes};
    use super::*;
    use umwelt_charts::inspect::{assert_words_are_apart, numbers, paths};

    #[test]
    fn numbers_even_in_ratio_are_told_from_others() {
        assert!(is_even_in_ratio(&[1e-4, 3e-4, 1e-3, 3e-3, 1e-2]));
        assert!(!is_even_in_ratio(&[1.0, 2.0, 4.0, 8.0]), "a ratio of 8 needs no logarithm");
        assert!(!is_even_in_ratio(&[1.0, 50.0, 51.0, 52.0]));
    }

    #[test]
    fn twelve_methods_in_eight_worlds_keep_their_words_apart() {
        let mut runs = Vec::new();
        for method in 0..12 {
            for run in conditions().into_iter().filter(|run| run.varied[0].1 == "IDM") {
                let worlds = [("moving", run.clone()), ("a_world_of_a_long_name", run)];
                runs.extend(worlds.map(|(world, mut run)| {
                    run.varied[0].1 = format!("method number {method}");
                    run.varied.push(("world".into(), world.into()));
                    run
                }));
            }
        }
        let figure = study(runs).figure();
        assert_eq!(paths(&figure, "series").len(), 2 * 12 * 8, "two metrics");
        assert_eq!(paths(&figure, "key").len(), 12);
        assert_words_are_apart(&figure);
    }

    #[test]
    fn small_differences_are_not_blown_up() {
        let runs =
            ["9.8", "10"].map(|score| run(score, &[("k", score)], None, &[("s", score.parse().unwrap())]));
        let figure = study(runs.to_vec()).figure();
        let line = numbers(&paths(&figure, "series")[0]);
        // Of 300 units, a tenth of the 2.16 shown with air.
        assert!((line[1] - line[3] - 300.0 * 0.2 / (2.0 * 1.08)).abs() < 0.05, "{line:?}");
    }

    #[test]
    fn nothing_finished_still_gives_a_figure_that_says_so() {
        let mut waiting = vec![run("a", &[("k", "1")], None, &[])];
        waiting[0].outcome = Outcome::Waiting;
        let figure = study(waiting).figure();
        assert!(figure.svg().contains("No finished run has a score yet. 1 run: 1 waiting."));
        assert_words_are_apart(&figure);
        study(vec![]).figure().png().unwrap();
    }

    #[test]
    fn the_same_runs_give_the_same_bytes() {
        let draw = || study(noise_sweep()).figure().png().unwrap();
        assert_eq!(draw(), draw());
        let wishes = Wishes { metrics: vec!["encoding.rmse_px".into()], ..Wishes::default() };
        let other = Study::new("t", noise_sweep(), wishes).unwrap();
        assert_ne!(draw(), other.figure().png().unwrap());
    }
}
