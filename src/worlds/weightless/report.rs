//! The report of a run: the learning curve beside baselines, the cost, and what later learning
//! does.

use anyhow::Result;
use serde::Serialize;

use super::confusion::Confusion;
use super::cost::Cost;
use super::curve::{Last, NAMES, Point};
use super::fonts::Fonts;
use super::forgetting::{Forgetting, first_half};
use super::mistakes::Mistakes;
use super::units::{Results, Unit};
use super::wrong_labels::WrongLabels;
use crate::charts::{Align, Table};
use crate::runs::{Baseline, Score, ScoreCard};

/// The results of all units.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The number of classes.
    pub classes: usize,
    pub curve: Vec<CurvePoint>,
    pub confusion: Confusion,
    pub cost: Cost,
    pub mistakes: Option<Mistakes>,
    pub forgetting: Vec<Forgetting>,
    pub wrong_labels: Option<WrongLabels>,
    pub fonts: Option<Fonts>,
}

/// A point of the learning curve, over draws of samples.
#[derive(Clone, Debug, Serialize)]
pub struct CurvePoint {
    pub samples: usize,
    pub draws: usize,
    pub accuracy: Mean,
    /// The share of answers that are no digit, in percent.
    pub no_digit: f64,
    /// The accuracies of baselines, in the order of tables.
    pub baselines: Vec<(String, Mean)>,
}

/// A mean with the standard deviation (n - 1); NaN for one number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    pub mean: f64,
    pub deviation: f64,
}

impl Mean {
    /// The mean of numbers.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, deviation: (squares / (n - 1.0)).sqrt() }
    }

    fn text(self) -> String {
        match self.deviation.is_finite() {
            true => format!("{:.1} ±{:.1}", self.mean, self.deviation),
            false => format!("{:.1}", self.mean),
        }
    }
}

impl CurvePoint {
    fn of(points: &[Point]) -> Self {
        let mean = |value: &dyn Fn(&Point) -> f64| Mean::of(&points.iter().map(value).collect::<Vec<_>>());
        let known =
            NAMES.iter().filter(|name| points.iter().all(|point| point.baselines.contains_key(**name)));
        let baseline = |name: &&str| ((*name).to_owned(), mean(&|point| point.baselines[*name]));
        Self {
            samples: points[0].samples,
            draws: points.len(),
            accuracy: mean(&|point| point.accuracy),
            no_digit: mean(&|point| point.no_digit).mean,
            baselines: known.map(baseline).collect(),
        }
    }

    /// The best baseline.
    fn best(&self) -> Option<&(String, Mean)> {
        self.baselines.iter().max_by(|a, b| a.1.mean.total_cmp(&b.1.mean))
    }
}

impl Report {
    /// The report of `units` on `classes` classes, which are all done.
    ///
    /// # Errors
    /// A result is missing or of another version.
    pub fn new(results: &Results, units: &[Unit], classes: usize) -> Result<Self> {
        let mut counts: Vec<usize> = vec![];
        for unit in units {
            if let Unit::Draw { per_class, .. } = unit
                && counts.last() != Some(per_class)
            {
                counts.push(*per_class);
            }
        }
        let draws_at = |count: usize| -> Result<CurvePoint> {
            let is_there = |unit: &&Unit| matches!(unit, Unit::Draw { per_class, .. } if *per_class == count);
            let points = units.iter().filter(is_there).map(|unit| results.of(*unit));
            Ok(CurvePoint::of(&points.collect::<Result<Vec<Point>>>()?))
        };
        let mut curve = counts.into_iter().map(draws_at).collect::<Result<Vec<_>>>()?;
        let Last { point, confusion } = results.of(Unit::All)?;
        curve.push(CurvePoint::of(&[point]));
        let forgetting = units.iter().filter(|unit| matches!(unit, Unit::Forgetting(_)));
        let has = |unit: Unit| units.contains(&unit);
        Ok(Self {
            classes,
            curve,
            confusion,
            cost: results.of(Unit::Cost)?,
            mistakes: has(Unit::Mistakes).then(|| results.of(Unit::Mistakes)).transpose()?,
            forgetting: forgetting.map(|unit| results.of(*unit)).collect::<Result<_>>()?,
            wrong_labels: has(Unit::WrongLabels).then(|| results.of(Unit::WrongLabels)).transpose()?,
            fonts: has(Unit::Fonts).then(|| results.of(Unit::Fonts)).transpose()?,
        })
    }

    /// The score card: the accuracy on test digits, at the end and at each point.
    pub fn card(&self) -> ScoreCard {
        let mut card = ScoreCard { headline: vec!["accuracy".into()], ..ScoreCard::default() };
        let last = self.curve.len() - 1;
        for (at, point) in self.curve.iter().enumerate() {
            let named = format!("accuracy_at.{}", point.samples);
            let title = format!("accuracy after {} samples", point.samples);
            let whole = (at == last).then(|| ("accuracy".to_owned(), "accuracy".to_owned()));
            for (name, title) in whole.into_iter().chain([(named, title)]) {
                card.scores.push(Score::higher(&name, point.accuracy.mean, "%", &title));
                let baseline = |(known, value): &(String, Mean)| Baseline {
                    name: known.clone(),
                    value: value.mean,
                    of: name.clone(),
                };
                card.baselines.extend(point.baselines.iter().map(baseline));
            }
        }
        let cost = &self.cost;
        card.scores.push(Score::lower("learn_us", cost.learn_us, "us", "time to learn a sample"));
        card.scores.push(Score::lower("answer_us", cost.answer_us, "us", "time to answer"));
        card.scores.push(Score::lower("seconds", cost.seconds, "s", "time to learn all samples"));
        card.scores.push(Score::lower("bytes", cost.bytes as f64, "", "bytes of the agent"));
        let samples = self.curve[last].samples as f64;
        card.scores.push(Score::lower("samples", samples, "", "samples learnt"));
        card
    }

    /// The tables under `heading`.
    pub fn table(&self, heading: &str) -> String {
        let parts = [
            Some(format!("{heading}\n\n{}", self.curve_table())),
            self.sentence(),
            Some(self.cost_line()),
            self.mistakes.as_ref().map(mistakes_line),
            (!self.forgetting.is_empty()).then(|| self.forgetting_table()),
            self.wrong_labels.as_ref().map(wrong_labels_line),
            self.fonts.as_ref().map(fonts_line),
        ];
        parts.into_iter().flatten().map(|part| format!("{part}\n")).collect()
    }

    fn curve_table(&self) -> Table {
        let points = self.curve.iter().map(|point| point.samples.to_string());
        let points: Vec<String> = points.collect();
        let columns = points.iter().map(|samples| (samples.as_str(), Align::Right));
        let first = [("accuracy in % after samples", Align::Left)];
        let mut table = Table::new(first.into_iter().chain(columns));
        let agent = self.curve.iter().map(|point| point.accuracy.text());
        table = table.row([vec!["agent".to_owned()], agent.collect()].concat());
        for name in NAMES {
            let of_point = |point: &CurvePoint| {
                let known = point.baselines.iter().find(|(known, _)| known == name);
                known.map_or("-".to_owned(), |(_, value)| value.text())
            };
            let cells: Vec<String> = self.curve.iter().map(of_point).collect();
            if cells.iter().any(|cell| cell != "-") {
                table = table.row([vec![format!("  {name}")], cells].concat());
            }
        }
        table
    }

    /// The points at which the agent beats every baseline, and those at which it does not; `None`
    /// without baselines.
    fn sentence(&self) -> Option<String> {
        let (mut won, mut lost) = (vec![], vec![]);
        for point in &self.curve {
            let Some((name, best)) = point.best() else { continue };
            match point.accuracy.mean > best.mean {
                true => won.push(point.samples.to_string()),
                false => lost.push(format!("{} (best: {name})", point.samples)),
            }
        }
        let said = |text: &str, points: Vec<String>| {
            (!points.is_empty()).then(|| format!("{text} {}", points.join(", ")))
        };
        let parts = [
            said("the agent beats every baseline after", won),
            said("not every baseline is beaten after", lost),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; ") + " samples\n")
    }

    fn cost_line(&self) -> String {
        let cost = &self.cost;
        let finished = cost.finished_bytes.map_or(String::new(), |bytes| format!(", finished {bytes}"));
        let none = self.curve.last().map_or(0.0, |point| point.no_digit);
        format!(
            "a sample is learnt in {:.1} us and answered in {:.1} us, all in {:.1} s | bytes: agent {}{finished}, \
             the samples {} | answers that are no digit: {none:.1} %",
            cost.learn_us, cost.answer_us, cost.seconds, cost.bytes, cost.sample_bytes
        )
    }

    fn forgetting_table(&self) -> String {
        let half = first_half(self.classes);
        let (first, second) = (format!("0-{}", half - 1), format!("{half}-{}", self.classes - 1));
        let columns = [
            format!("{first}, then {second}"),
            format!("{first} before %"),
            format!("{first} after %"),
            format!("{second} after %"),
            "classes one by one %".to_owned(),
        ];
        let align = |at: usize| if at == 0 { Align::Left } else { Align::Right };
        let columns = columns.iter().enumerate().map(|(at, name)| (name.as_str(), align(at)));
        let mut table = Table::new(columns);
        for found in &self.forgetting {
            let numbers = [found.before, found.after, found.second, found.one_by_one];
            let cells = numbers.map(|number| format!("{number:.1}")).to_vec();
            table = table.row([vec![found.variant.clone()], cells].concat());
        }
        format!("\n{table}")
    }
}

fn mistakes_line(found: &Mistakes) -> String {
    let (first, last) = (found.errors.first().unwrap_or(&0), found.errors.last().unwrap_or(&0));
    format!(
        "told its mistakes after {} samples: {first} errors in the first hundred digits, {last} in the last; told \
         digits are right at once {:.1} %, 100 digits later {:.1} %; test accuracy {:.1} -> {:.1} %",
        found.known, found.at_once, found.later, found.before, found.after
    )
}

fn wrong_labels_line(found: &WrongLabels) -> String {
    let unlearnt =
        found.unlearnt.map_or(String::new(), |accuracy| format!(", {accuracy:.1} % once they are unlearnt"));
    format!(
        "a tenth of {} labels false: {:.1} %{unlearnt} ({:.1} % without these samples, {:.1} % with true labels)",
        found.samples, found.wrong, found.without, found.clean
    )
}

fn fonts_line(found: &Fonts) -> String {
    format!(
        "{} digits of {} faces of fonts teach {:.1} % of the test digits (nearest neighbour {:.1} %); with the \
         training digits {:.1} %",
        found.digits,
        found.faces.len(),
        found.alone,
        found.alone_nearest,
        found.together
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_have_the_deviation_of_a_sample() {
        let mean = Mean::of(&[1.0, 3.0]);
        assert_eq!((mean.mean, mean.text()), (2.0, "2.0 ±1.4".to_owned()));
        assert_eq!(Mean::of(&[5.0]).text(), "5.0");
    }
}
