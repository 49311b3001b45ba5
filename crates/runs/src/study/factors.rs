//! The factor by which a line needs less of x than a reference line for the same score.

use super::Study;
use super::points::Point;
use super::scores::StudyScore;
use crate::Goal;
use umwelt_base::random::{Rng, Stream};
use umwelt_charts::format::{count, finite, short_number};

/// Samples of the seeds, for the range of a factor.
const SAMPLES: u64 = 1000;
/// The range holds this share of the samples.
const WITHIN: f64 = 0.95;

/// The finite scores of one line: x with the scores of its seeds, in ascending order of x.
type Line = Vec<(f64, Vec<f64>)>;
/// Means of a line: x and a mean score, in ascending order of x.
type Curve = Vec<(f64, f64)>;

/// A comparison of two lines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Comparison {
    /// The sum of the logarithms of the factors, over the points that were compared.
    sum: f64,
    compared: usize,
    /// The points of the line that are better than the reference ever is.
    beyond: usize,
}

impl Study {
    /// A sentence for each score and each line beside the reference that `report.reference` names;
    /// nothing without one.
    pub(super) fn factors(&self) -> Vec<String> {
        let (Some(reference), Some(line)) = (self.reference, self.encoding.line) else { return vec![] };
        let Some(x) = self.encoding.x.filter(|x| self.keys[*x].is_axis()) else { return vec![] };
        let lines = (0..self.keys[line].values.len()).filter(|value| *value != reference);
        let lines: Vec<usize> = lines.collect();
        let mut sentences = vec![];
        for score in &self.scores {
            for points in self.conditions() {
                let seeds = |value| self.line(points, (line, value), x, score);
                let known = seeds(reference);
                let sentence = |value: &usize| {
                    let found = factor(&known, &seeds(*value), score.goal);
                    let condition = self.condition(points);
                    let place = if condition.is_empty() { condition } else { format!(" ({condition})") };
                    let [name, than] = [*value, reference].map(|value| &self.keys[line].values[value]);
                    let found = found.sentence(&self.keys[x].name, than);
                    format!("{}{place}: {name} {found}", score.heading)
                };
                sentences.extend(lines.iter().map(sentence));
            }
        }
        sentences
    }

    /// The scores of the points with one value of a key.
    fn line(&self, points: &[Point], (key, value): (usize, usize), x: usize, score: &StudyScore) -> Line {
        let own = points.iter().filter(|point| point.ranks[key] == value);
        let place =
            |point: &Point| Some((finite(self.value(point, x))?, point.scores(&self.runs, &score.name)));
        let mut line: Line =
            own.filter_map(place).filter(|(x, seeds)| *x > 0.0 && !seeds.is_empty()).collect();
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
        line
    }
}

/// A factor with its range over samples of the seeds.
struct Factor {
    comparison: Comparison,
    range: Option<(f64, f64)>,
}

impl Factor {
    fn sentence(&self, x: &str, than: &str) -> String {
        let Comparison { compared, beyond, .. } = self.comparison;
        let Some(mean) = self.comparison.mean() else {
            let reason = match beyond {
                0 => "no score lies between its own".to_owned(),
                _ => format!("better at {} than it ever is", count(beyond, "point")),
            };
            return format!("has no factor in {x} against {than} ({reason})");
        };
        let is_less = mean >= 1.0;
        let (times, word) = if is_less { (mean, "less") } else { (1.0 / mean, "more") };
        let range = self.range.map_or(String::new(), |(low, high)| {
            let percent = (100.0 * WITHIN).round();
            let range = if is_less { [low, high] } else { [1.0 / high, 1.0 / low] };
            let [low, high] = range.map(short_number);
            format!("{percent} % of resampled seeds within {low} to {high}, ")
        });
        let beyond = match beyond {
            0 => String::new(),
            _ => format!(", {beyond} more beyond its best"),
        };
        let points = count(compared, "point");
        format!("needs {} times {word} {x} than {than} ({range}at {points}{beyond})", short_number(times))
    }
}

/// The factor of `line` against `reference`.
fn factor(reference: &Line, line: &Line, goal: Goal) -> Factor {
    let comparison = compare(&means(reference), &means(line), goal);
    let stream = Stream::new(0, "samples of seeds");
    let sample = |index: u64| {
        let mut rng = stream.at(&[index]);
        let (reference, line) = (resampled(reference, &mut rng), resampled(line, &mut rng));
        compare(&means(&reference), &means(&line), goal).mean()
    };
    let several = [reference, line].iter().any(|line| line.iter().any(|(_, seeds)| seeds.len() > 1));
    let mut factors: Vec<f64> = if several { (0..SAMPLES).filter_map(sample).collect() } else { vec![] };
    factors.sort_by(f64::total_cmp);
    let at = |share: f64| factors[(share * (factors.len() - 1) as f64).round() as usize];
    let range = (!factors.is_empty()).then(|| (at((1.0 - WITHIN) / 2.0), at((1.0 + WITHIN) / 2.0)));
    Factor { comparison, range }
}

impl Comparison {
    /// The geometric mean of the factors.
    fn mean(&self) -> Option<f64> {
        (self.compared > 0).then(|| (self.sum / self.compared as f64).exp())
    }
}

/// Compares each point of `line` with the x at which `reference` first has the same score.
fn compare(reference: &Curve, line: &Curve, goal: Goal) -> Comparison {
    let mut comparison = Comparison::default();
    for (x, score) in line {
        match first_reached(reference, *score, goal) {
            Some(needed) => {
                comparison.sum += (needed / x).ln();
                comparison.compared += 1;
            }
            None if reference.iter().all(|(_, other)| goal.better(*score, *other)) => comparison.beyond += 1,
            None => {}
        }
    }
    comparison
}

/// The first x at which `curve` reaches `score`, on straight lines between its points in a plot
/// with two logarithmic axes. `None` if it never does, or does so at its first point.
fn first_reached(curve: &Curve, score: f64, goal: Goal) -> Option<f64> {
    let segment =
        curve.windows(2).find(|pair| goal.better(score, pair[0].1) && !goal.better(score, pair[1].1))?;
    let [(x0, y0), (x1, y1)] = [segment[0], segment[1]];
    let share = match y0 > 0.0 && y1 > 0.0 && score > 0.0 {
        true => (score / y0).ln() / (y1 / y0).ln(),
        false => (score - y0) / (y1 - y0),
    };
    Some(x0 * (x1 / x0).powf(share))
}

fn means(line: &Line) -> Curve {
    line.iter().map(|(x, seeds)| (*x, seeds.iter().sum::<f64>() / seeds.len() as f64)).collect()
}

/// As many scores at each x, drawn with replacement.
fn resampled(line: &Line, rng: &mut Rng) -> Line {
    let drawn =
        |seeds: &Vec<f64>, rng: &mut Rng| seeds.iter().map(|_| seeds[rng.below(seeds.len())]).collect();
    line.iter().map(|(x, seeds)| (*x, drawn(seeds, rng))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::run;
    use super::*;
    use crate::sweeps::ReportOptions;

    /// Two methods whose errors are 1 / (factor x), each with the factors of its seeds.
    fn study(reference: Option<&str>) -> Study {
        let mut runs = vec![];
        for (losses, factors) in [("tr", [1.0, 1.0]), ("full", [3.8, 4.2])] {
            for x in ["100", "1000", "10000"] {
                for (seed, factor) in factors.iter().enumerate() {
                    let error = 1.0 / (factor * x.parse::<f64>().unwrap());
                    let name = format!("{losses}{x}{seed}");
                    let varied = [("losses", losses), ("paired", x)];
                    runs.push(run(&name, &varied, Some(&seed.to_string()), &[("error", error)]));
                }
            }
        }
        let (x, line) = (Some("paired".into()), Some("losses".into()));
        let reference = reference.map(String::from);
        Study::with(runs, ReportOptions { x, line, reference, ..ReportOptions::default() })
    }

    #[test]
    fn a_line_that_needs_a_quarter_of_x_says_so() {
        let sentences = study(Some("tr")).factors();
        // The mean of 1 / 3.8 and 1 / 4.2 is 1 / 3.99; the last point is better than tr ever is.
        let expected = "error: full needs 3.99 times less paired than tr (95 % of resampled seeds within \
                        3.80 to 4.20, at 2 points, 1 more beyond its best)";
        assert_eq!(sentences, [expected]);
        let back = study(Some("full")).factors();
        let expected_back =
            "tr needs 3.99 times more paired than full (95 % of resampled seeds within 3.84 to 4.16";
        assert!(back[0].contains(expected_back), "{back:?}");
        assert!(study(None).factors().is_empty());
        assert!(
            study(Some("tr")).text().contains(expected) && study(Some("tr")).markdown().contains(expected)
        );
    }

    #[test]
    fn logarithmic_axes_are_drawn_on_demand() {
        let narrow = |log_y| {
            let runs = ["1", "2"].map(|k| run(k, &[("k", k)], None, &[("s", k.parse().unwrap())]));
            let report = ReportOptions { log_y, ..ReportOptions::default() };
            let study = Study::with(runs.to_vec(), report);
            study.lines(study.first_score())[0].log_y
        };
        assert_eq!([narrow(false), narrow(true)], [false, true]);
    }

    #[test]
    fn scores_between_two_points_are_on_a_straight_line_in_logarithms() {
        let curve = vec![(1.0, 10.0), (100.0, 0.1)];
        assert!((first_reached(&curve, 1.0, Goal::Minimize).unwrap() - 10.0).abs() < 1e-12);
        assert_eq!(first_reached(&curve, 10.0, Goal::Minimize), None, "reached at the first point");
        assert_eq!(first_reached(&curve, 0.01, Goal::Minimize), None);
        let rising = vec![(1.0, 10.0), (100.0, 40.0)];
        assert!((first_reached(&rising, 20.0, Goal::Maximize).unwrap() - 10.0).abs() < 1e-12);
    }

    #[test]
    fn a_reference_that_is_no_value_of_the_lines_is_refused() {
        let report = ReportOptions {
            line: Some("k".into()),
            reference: Some("tr".into()),
            ..ReportOptions::default()
        };
        let runs = ["full", "none"].map(|value| run(value, &[("k", value)], None, &[("s", 1.0)]));
        let options = super::super::StudyOptions { report, ..Default::default() };
        let error = Study::new(runs.to_vec(), options).unwrap_err().to_string();
        assert_eq!(error, "reference: no line is k=tr\nlines: full, none");
    }
}
