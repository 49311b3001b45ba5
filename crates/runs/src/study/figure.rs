//! The figure of a study: its charts on a page with a legend and a caption.

use super::Study;
use super::baseline_lines::data_range;
use super::scores::StudyScore;
use umwelt_charts::format::short_number;
use umwelt_charts::legend::LegendEntry;
use umwelt_charts::panels::Panels;
use umwelt_charts::range::extent;
use umwelt_charts::{Figure, LineChart};

/// The ratio of values beyond which a linear axis hides the smaller ones.
const WIDE: f64 = 100.0;
/// The same for the values of a key, which lie apart.
const WIDE_KEY: f64 = 30.0;
/// The least range of a linear axis as a part of its height.
const LEAST_RANGE: f64 = 0.2;

impl Study {
    /// The scores over the varied keys: lines with error bars, or the points of a search. The panels
    /// of each score begin a row; scores with a single panel are side by side.
    pub fn figure(&self) -> Figure {
        let has_data =
            |score: &&StudyScore| self.points.iter().any(|p| p.summary(&self.runs, &score.name).is_some());
        let scores: Vec<&StudyScore> = self.scores.iter().filter(has_data).collect();
        let (mut baselines, mut all) = (Vec::new(), Vec::new());
        for score in &scores {
            let mut charts = if self.encoding.scatter { self.scatter(score) } else { self.lines(score) };
            let columns = columns(charts.len());
            baselines.extend(self.add_baselines(score, &mut charts, columns));
            share_heights(&mut charts);
            all.push(charts);
        }
        if all.iter().all(|charts| charts.len() == 1) {
            all = vec![all.concat()];
        }
        let columns = columns(all[0].len());
        let rows = all.iter().flat_map(|charts| charts.chunks(columns));
        let mut rows: Vec<Vec<LineChart>> = rows.map(<[LineChart]>::to_vec).collect();
        baselines.dedup();
        let alone = rows.iter().flatten().count() <= 1;
        let legend = self.legend(alone);
        rows.iter_mut().flatten().for_each(|chart| chart.legend_elsewhere = !legend.is_empty());
        let caption = self.meaning().into_iter().chain(self.left_out(scores.is_empty())).chain(baselines);
        let caption = caption.collect::<Vec<_>>().join(" ");
        Panels { title: self.title.clone(), rows, plot: plot_size(alone, columns), legend, caption }.figure()
    }

    /// The names of the lines; none for a single chart that has them at its lines' ends.
    fn legend(&self, alone: bool) -> Vec<LegendEntry> {
        let unconnected = self.encoding.scatter || !self.encoding.x.is_some_and(|x| self.keys[x].is_axis());
        let Some(line) = self.encoding.line.filter(|_| !alone || unconnected) else { return Vec::new() };
        let scored =
            |style: usize| self.points.iter().any(|p| p.ranks[line] == style && self.first(p).is_some());
        let entry = |(style, value): (usize, &String)| {
            let note = if scored(style) { "" } else { " (no data)" };
            LegendEntry { name: self.keys[line].label(value) + note, style, unconnected }
        };
        self.keys[line].values.iter().enumerate().map(entry).collect()
    }

    /// The meaning of points, bars and dots.
    fn meaning(&self) -> Vec<String> {
        let counts = self.points.iter().filter_map(|point| self.first(point)).map(|summary| summary.count);
        let best = self.points.iter().find(|point| self.encoding.scatter && self.is_best(point));
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

    /// The number of runs that are not in the figure, if any.
    fn left_out(&self, is_empty: bool) -> Option<String> {
        match (is_empty, self.notes().is_empty()) {
            (true, _) => Some(format!("No finished run has a score yet. {}.", self.states())),
            (false, true) => None,
            (false, false) => Some(format!("{}; the table names those left out.", self.states())),
        }
    }

    /// True for a key whose numbers suit a logarithmic axis.
    pub(super) fn is_log(&self, key: usize) -> bool {
        let numbers = self.keys[key].numbers();
        let positive = numbers.iter().all(|number| *number > 0.0);
        let is_wide = || numbers.len() > 2 && ratio(&numbers) > WIDE_KEY;
        positive && (self.log.contains(&self.keys[key].name) || is_wide())
    }

    /// A chart of a score without its data.
    pub(super) fn chart(&self, score: &StudyScore) -> LineChart {
        let means = self.points.iter().filter_map(|point| point.summary(&self.runs, &score.name));
        let means: Vec<f64> = means.map(|summary| summary.mean).collect();
        let (low, high) = extent(means.into_iter());
        let log_y = low > 0.0 && (self.log_y || high > WIDE * low);
        LineChart { y_label: score.heading.clone(), log_y, x_margin: true, ..LineChart::default() }
    }
}

/// Gives all charts the same y axis, with a range on which small differences are small.
fn share_heights(charts: &mut [LineChart]) {
    let (low, high) = data_range(charts);
    let room =
        if charts.iter().any(|chart| chart.log_y) { 0.0 } else { LEAST_RANGE * high.abs() - (high - low) };
    let room = 0.5 * room.max(0.0);
    charts.iter_mut().for_each(|chart| chart.y_range = Some((low - room, high + room)));
}

/// The largest of positive numbers over the smallest.
fn ratio(numbers: &[f64]) -> f64 {
    let (low, high) = extent(numbers.iter().copied());
    high / low
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
    use super::super::Outcome;
    use super::super::examples::{conditions, noise_sweep, run};
    use super::*;
    use crate::sweeps::ReportOptions;
    use umwelt_charts::inspect::{assert_words_are_apart, numbers, paths, roxmltree};

    #[test]
    fn numbers_far_apart_have_a_logarithmic_axis() {
        let is_log = |values: &[&str]| {
            let runs = values.iter().map(|value| run(value, &[("k", value)], None, &[("s", 1.0)]));
            Study::example(runs.collect()).is_log(0)
        };
        assert!(is_log(&["1e-4", "3e-4", "1e-3", "3e-3", "1e-2"]) && is_log(&["1", "7", "20", "90"]));
        assert!(!is_log(&["1", "2", "4", "8"]), "a ratio of 8 needs no logarithm");
        assert!(!is_log(&["0", "1", "100"]) && !is_log(&["1", "100"]));
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
        let figure = Study::example(runs).figure();
        assert_eq!(paths(&figure, "series").len(), 2 * 12 * 8, "two metrics");
        assert_eq!(paths(&figure, "key").len(), 12);
        assert_words_are_apart(&figure);
    }

    #[test]
    fn scores_with_a_single_panel_are_side_by_side() {
        let heights = |runs| {
            let figure = Study::example(runs).figure();
            let page = roxmltree::Document::parse(figure.svg()).unwrap();
            let of = |heading: &str| {
                let mut texts = page.descendants().filter(|node| node.is_element());
                let text = texts.find(|node| node.text() == Some(heading)).unwrap();
                text.attribute("y").unwrap().parse::<f64>().unwrap()
            };
            (of("prediction RMSE (px)"), of("encoding RMSE (px)"))
        };
        let (prediction, encoding) = heights(noise_sweep());
        assert_eq!(prediction, encoding);
        let (prediction, encoding) = heights(conditions());
        assert!(prediction < encoding, "four panels of each score");
    }

    #[test]
    fn small_differences_are_not_blown_up() {
        let runs =
            ["9.8", "10"].map(|score| run(score, &[("k", score)], None, &[("s", score.parse().unwrap())]));
        let figure = Study::example(runs.to_vec()).figure();
        let line = numbers(&paths(&figure, "series")[0]);
        // Of 300 units, a tenth of the 2.16 shown with air.
        assert!((line[1] - line[3] - 300.0 * 0.2 / (2.0 * 1.08)).abs() < 0.05, "{line:?}");
    }

    #[test]
    fn nothing_finished_still_gives_a_figure_that_says_so() {
        let mut waiting = vec![run("a", &[("k", "1")], None, &[])];
        waiting[0].outcome = Outcome::Waiting;
        let figure = Study::example(waiting).figure();
        assert!(figure.svg().contains("No finished run has a score yet. 1 run: 1 waiting."));
        assert_words_are_apart(&figure);
        Study::example(vec![]).figure().png().unwrap();
    }

    #[test]
    fn the_same_runs_give_the_same_bytes() {
        let draw = || Study::example(noise_sweep()).figure().png().unwrap();
        assert_eq!(draw(), draw());
        let metrics = vec!["encoding.rmse_px".into()];
        let other = Study::with(noise_sweep(), ReportOptions { metrics, ..ReportOptions::default() });
        assert_ne!(draw(), other.figure().png().unwrap());
    }
}
