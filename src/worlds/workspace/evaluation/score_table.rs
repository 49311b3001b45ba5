//! Scores of directions of translation beside baselines, as a table and as a score card.

use serde::Serialize;

use crate::charts::{Align, Table};
use crate::runs::{Baseline, Goal, Score, ScoreCard};

/// A kind of score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Column {
    /// The end of the score's name: `x_px`.
    pub key: &'static str,
    pub heading: &'static str,
    pub unit: &'static str,
    pub goal: Goal,
    /// The number of decimals in the table.
    #[serde(skip)]
    pub decimals: usize,
}

impl Column {
    /// A share in percent, of which more is better.
    pub const fn percent(key: &'static str, heading: &'static str) -> Self {
        Self { key, heading, unit: "%", goal: Goal::Maximize, decimals: 1 }
    }

    /// An error, of which less is better.
    pub const fn error(
        key: &'static str,
        heading: &'static str,
        unit: &'static str,
        decimals: usize,
    ) -> Self {
        Self { key, heading, unit, goal: Goal::Minimize, decimals }
    }
}

/// The scores of one kind of target.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreTable {
    /// The heading: `to attributes`.
    pub title: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Direction>,
    pub baselines: Vec<BaselineRow>,
}

/// The scores of one direction of translation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Direction {
    /// The start of the names of its scores: `v_to_attr`.
    pub key: String,
    /// The direction for people: `v -> attr`.
    pub name: String,
    /// A number for each column.
    pub values: Vec<f64>,
}

/// The scores of one baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BaselineRow {
    pub name: String,
    /// The keys of the directions that it is compared with.
    pub of: Vec<String>,
    /// A number for each column.
    pub values: Vec<f64>,
}

impl ScoreTable {
    /// The scores and their baselines, for a score card without a headline.
    pub fn card(&self) -> ScoreCard {
        let mut card = ScoreCard::default();
        for row in &self.rows {
            for (column, value) in self.columns.iter().zip(&row.values) {
                card.scores.push(self.score(row, column, *value));
            }
            for baseline in self.baselines_of(row) {
                let named = self.columns.iter().zip(&baseline.values).map(|(column, value)| Baseline {
                    name: baseline.name.clone(),
                    value: *value,
                    of: name(row, column),
                });
                card.baselines.extend(named);
            }
        }
        card
    }

    fn score(&self, row: &Direction, column: &Column, value: f64) -> Score {
        let heading = column.heading.strip_suffix(column.unit).unwrap_or(column.heading).trim();
        let title = format!("{} {heading}", row.name);
        Score { name: name(row, column), value, unit: column.unit.into(), goal: column.goal, title }
    }

    fn baselines_of(&self, row: &Direction) -> impl Iterator<Item = &BaselineRow> {
        self.baselines.iter().filter(|baseline| baseline.of.contains(&row.key))
    }

    /// The best baseline that a direction beats in every column.
    fn beaten(&self, row: &Direction) -> Option<&BaselineRow> {
        let beats = |baseline: &&BaselineRow| self.beats(&row.values, &baseline.values);
        let beaten: Vec<&BaselineRow> = self.baselines_of(row).filter(beats).collect();
        let best = |row: &&&BaselineRow| !beaten.iter().any(|other| self.beats(&other.values, &row.values));
        beaten.iter().find(best).copied()
    }

    fn beats(&self, values: &[f64], others: &[f64]) -> bool {
        let better = |((column, value), other): ((&Column, &f64), &f64)| column.goal.better(*value, *other);
        self.columns.iter().zip(values).zip(others).all(better)
    }

    fn cells(&self, values: &[f64]) -> Vec<String> {
        let cell = |(column, value): (&Column, &f64)| match value.is_nan() {
            true => "-".to_owned(),
            false => format!("{value:.*}", column.decimals),
        };
        self.columns.iter().zip(values).map(cell).collect()
    }
}

fn name(row: &Direction, column: &Column) -> String {
    format!("{}.{}", row.key, column.key)
}

impl std::fmt::Display for ScoreTable {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        let headings = self.columns.iter().map(|column| (column.heading, Align::Right));
        let columns = [(self.title.as_str(), Align::Left)].into_iter().chain(headings);
        let mut table = Table::new(columns.chain([("baseline it beats", Align::Left)]));
        for row in &self.rows {
            let beaten = self.beaten(row).map_or("none", |baseline| &baseline.name).to_owned();
            table = table.row([vec![row.name.clone()], self.cells(&row.values), vec![beaten]].concat());
        }
        for baseline in &self.baselines {
            let name = format!("  {}", baseline.name);
            table = table.row([vec![name], self.cells(&baseline.values)].concat());
        }
        write!(out, "{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> ScoreTable {
        let direction = |key: &str, values: [f64; 2]| Direction {
            key: key.into(),
            name: key.replace("_to_", " -> "),
            values: values.to_vec(),
        };
        let baseline = |name: &str, of: &[&str], values: [f64; 2]| BaselineRow {
            name: name.into(),
            of: of.iter().map(|key| (*key).into()).collect(),
            values: values.to_vec(),
        };
        ScoreTable {
            title: "to attributes".into(),
            columns: vec![Column::percent("class", "class %"), Column::error("x_px", "x px", "px", 2)],
            rows: vec![direction("v_to_attr", [90.0, 0.5]), direction("t_to_attr", [99.0, 5.0])],
            baselines: vec![
                baseline("blind", &["v_to_attr", "t_to_attr"], [33.3, 4.5]),
                baseline("nearest pair", &["v_to_attr"], [60.0, 1.5]),
                baseline("reader", &["v_to_attr"], [96.0, 0.4]),
            ],
        }
    }

    #[test]
    fn a_direction_beats_a_baseline_that_is_worse_in_every_column() {
        let printed = table().to_string();
        let line = |start: &str| printed.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        assert!(line("v -> attr").ends_with("nearest pair"), "{printed}");
        assert!(line("t -> attr").ends_with("none"), "the class is better, x is not");
        assert_eq!(line("  reader").split_whitespace().collect::<Vec<_>>(), ["reader", "96.0", "0.40"]);
    }

    #[test]
    fn the_card_has_each_score_with_its_baselines() {
        let card = table().card();
        let names: Vec<&str> = card.scores.iter().map(|score| &*score.name).collect();
        assert_eq!(names, ["v_to_attr.class", "v_to_attr.x_px", "t_to_attr.class", "t_to_attr.x_px"]);
        assert_eq!(card.scores[1].heading(), "v -> attr x (px)");
        assert_eq!(card.baselines_of("v_to_attr.x_px").map(|b| b.value).collect::<Vec<_>>(), [4.5, 1.5, 0.4]);
        assert_eq!(card.baselines_of("t_to_attr.class").count(), 1);
    }
}
