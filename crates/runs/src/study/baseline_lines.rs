//! Baselines in a figure: lines near the data, and a sentence about the others.

use super::Study;
use super::baselines::{Baselines, SAME, ranges};
use super::points::Point;
use super::scores::StudyScore;
use umwelt_charts::format::{finite, short_number};
use umwelt_charts::range::extent;
use umwelt_charts::{Baseline, LineChart};

/// The greatest distance of a drawn baseline from the data, as a part of the data's range.
const NEAR: f64 = 0.3;
/// The least range of the data for this purpose, as a part of their height.
const LEAST_RANGE: f64 = 0.5;

impl Study {
    /// Adds the baselines near the data to the charts of a score, which are in rows of `columns`.
    /// Returns a sentence about the others.
    pub(super) fn add_baselines(
        &self,
        score: &StudyScore,
        charts: &mut [LineChart],
        columns: usize,
    ) -> Option<String> {
        let conditions: Vec<&[Point]> =
            if self.encoding.scatter { vec![&self.points[..]; charts.len()] } else { self.conditions() };
        if !conditions.iter().all(|points| self.share_baselines(points, score)) {
            return self.add_baselines_along_x(score, charts, &conditions);
        }
        let (shared, range) = (self.share_baselines(&self.points, score), data_range(charts));
        let (mut far, last) = (Baselines::new(), charts.len() - 1);
        for (index, (chart, points)) in charts.iter_mut().zip(&conditions).enumerate() {
            let baselines = self.baselines(if shared { &self.points } else { points }, score);
            let (close, beyond): (Baselines, Baselines) =
                baselines.into_iter().partition(|baseline| near(baseline.1, range));
            // If a row shares its baselines, its last panel has the names for all.
            let named = !shared || (index + 1) % columns == 0 || index == last;
            chart.baselines = close.into_iter().map(|baseline| line(baseline, named)).collect();
            far.extend(beyond);
        }
        let of = if self.scores.len() > 1 { format!(" of {}", score.heading) } else { String::new() };
        listed(&far).map(|baselines| format!("Baselines{of} beyond the range: {baselines}."))
    }

    /// Adds the baselines that change along the x axis as lines, where all lines have them in common.
    fn add_baselines_along_x(
        &self,
        score: &StudyScore,
        charts: &mut [LineChart],
        conditions: &[&[Point]],
    ) -> Option<String> {
        let range = data_range(charts);
        let lines = conditions.iter().map(|points| self.baselines_along_x(points, score));
        let Some(lines) = lines.collect::<Option<Vec<_>>>() else {
            return Some("The baselines change along the x axis: see the table.".to_owned());
        };
        let mut far = false;
        for (chart, lines) in charts.iter_mut().zip(lines) {
            let is_near = |line: &Baseline| line.points.iter().all(|point| near(point.1, range));
            let (close, beyond): (Vec<_>, Vec<_>) = lines.into_iter().partition(is_near);
            chart.baselines = close;
            far |= !beyond.is_empty();
        }
        far.then(|| "Baselines beyond the range: see the table.".to_owned())
    }

    /// The mean baselines at each x; `None` if x is no condition that several lines have in common, or
    /// if these lines have different baselines at one x.
    fn baselines_along_x(&self, points: &[Point], score: &StudyScore) -> Option<Vec<Baseline>> {
        let x = self.encoding.x.filter(|x| self.keys[*x].is_axis() && !self.encoding.scatter)?;
        let mut lines: Vec<Baseline> = vec![];
        for (rank, value) in self.keys[x].values.iter().enumerate() {
            let here: Vec<Point> = points.iter().filter(|point| point.ranks[x] == rank).cloned().collect();
            if here.is_empty() {
                continue;
            }
            let alone = self.encoding.line.is_some_and(|line| self.keys[line].varies()) && here.len() == 1;
            let own: Vec<Baselines> = here
                .iter()
                .map(|point| self.baselines(std::slice::from_ref(point), score))
                .filter(|baselines| !baselines.is_empty())
                .collect();
            if alone || !agree(&own) {
                return None;
            }
            let at = finite(value)?;
            for (name, value) in self.baselines(&here, score) {
                match lines.iter_mut().find(|line| line.name == name) {
                    Some(line) => {
                        line.value = value;
                        line.points.push((at, value));
                    }
                    None => lines.push(Baseline { name, value, points: vec![(at, value)] }),
                }
            }
        }
        Some(lines)
    }
}

/// True if baselines of one name have about one value.
fn agree(all: &[Baselines]) -> bool {
    let values = all.iter().flatten().map(|(name, value)| (name.as_str(), *value));
    ranges(values).values().all(|(low, high)| high - low <= SAME * high.abs())
}

fn line((name, value): (String, f64), named: bool) -> Baseline {
    Baseline { name: if named { name } else { String::new() }, value, ..Baseline::default() }
}

/// The lowest and the highest value of the charts.
pub fn data_range(charts: &[LineChart]) -> (f64, f64) {
    extent(charts.iter().flat_map(LineChart::heights))
}

/// True for a value within a range or close to it.
fn near(value: f64, (low, high): (f64, f64)) -> bool {
    let room = NEAR * (high - low).max(LEAST_RANGE * high.abs());
    (low - room..=high + room).contains(&value)
}

/// Names and values, each once; `None` without any.
fn listed(baselines: &Baselines) -> Option<String> {
    let mut listed: Vec<String> = Vec::new();
    for (name, value) in baselines {
        let baseline = format!("{name} {}", short_number(*value));
        if !listed.contains(&baseline) {
            listed.push(baseline);
        }
    }
    (!listed.is_empty()).then(|| listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::examples::{baseline, conditions, noise_sweep};
    use super::super::{Study, StudyRun};
    use umwelt_charts::inspect::{numbers, paths, words};

    fn with_baselines(
        mut runs: Vec<StudyRun>,
        baselines: impl Fn(&StudyRun) -> Vec<(&'static str, f64)>,
    ) -> Study {
        for run in &mut runs {
            let own = baselines(run).into_iter();
            run.card.baselines = own.map(|(name, value)| baseline(name, value)).collect();
            run.card.headline.truncate(1);
        }
        Study::example(runs)
    }

    #[test]
    fn baselines_far_from_the_data_are_listed_and_not_drawn() {
        let baselines = [("near", 3.0), ("far", 9.0), ("simulator", 0.0)];
        let figure = with_baselines(noise_sweep(), |_| baselines.to_vec()).figure();
        assert_eq!(paths(&figure, "baseline").len(), 1);
        assert!(figure.svg().contains("near 3.00"));
        assert!(figure.svg().contains("Baselines beyond the range: far 9.00."));
    }

    #[test]
    fn baselines_of_all_panels_are_named_once_a_row_and_others_in_each() {
        let shared = with_baselines(conditions(), |_| vec![("copy", 2.5)]).figure();
        assert_eq!((paths(&shared, "baseline").len(), shared.svg().matches("copy 2.50").count()), (4, 2));
        let dots = |run: &StudyRun| if run.varied[2].1 == "1" { 2.0 } else { 3.0 };
        let own = with_baselines(conditions(), |run| vec![("copy", dots(run))]).figure();
        assert_eq!((own.svg().matches("copy 2.00").count(), own.svg().matches("copy 3.00").count()), (2, 2));
    }

    #[test]
    fn baselines_that_change_along_x_are_lines_where_methods_have_them_in_common() {
        let noise = |run: &StudyRun| 1.0 + run.varied[1].1.parse::<f64>().unwrap();
        let both = |run: &StudyRun| vec![("copy", noise(run)), ("far", 100.0 * noise(run))];
        let figure = with_baselines(noise_sweep(), both).figure();
        let drawn = paths(&figure, "baseline");
        assert_eq!((drawn.len(), numbers(&drawn[0]).len()), (1, 6));
        assert!(
            words(&figure).contains("copy 3.00") && words(&figure).contains("Baselines beyond the range")
        );
        let method = |run: &StudyRun| vec![("copy", if run.varied[0].1 == "IDM" { 1.0 } else { noise(run) })];
        let figure = with_baselines(noise_sweep(), method).figure();
        assert!(paths(&figure, "baseline").is_empty() && words(&figure).contains("change along the x axis"));
    }

    #[test]
    fn baselines_along_x_are_drawn_in_a_panel_that_lacks_a_value_of_x() {
        let mut runs = conditions();
        let lacks = |run: &StudyRun| ["1", "1", "false"] == [1, 2, 3].map(|key: usize| &*run.varied[key].1);
        runs.retain(|run| !lacks(run));
        let noise = |run: &StudyRun| vec![("copy", 1.0 + run.varied[1].1.parse::<f64>().unwrap())];
        let figure = with_baselines(runs, noise).figure();
        let mut points: Vec<usize> =
            paths(&figure, "baseline").iter().map(|path| numbers(path).len() / 2).collect();
        points.sort_unstable();
        assert_eq!(points, [2, 3, 3, 3]);
    }

    #[test]
    fn each_score_is_drawn_with_its_own_baselines() {
        let mut runs = noise_sweep();
        for run in &mut runs {
            run.card.baselines = vec![baseline("copy", 2.5), baseline("centre", 9.37)];
            run.card.baselines[1].of = "encoding.rmse_px".into();
        }
        let figure = Study::example(runs).figure();
        assert_eq!(paths(&figure, "baseline").len(), 1);
        assert!(words(&figure).contains("encoding RMSE (px) beyond the range: centre 9.37."));
    }
}
