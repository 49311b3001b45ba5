//! `metrics.jsonl` as columns of numbers, read once and then only in its new bytes.

mod line;
mod log;
mod parse;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use log::Log;
pub use store::ColumnStore;

/// The key of the epochs, which is an x axis too.
pub const EPOCH: &str = "epoch";
/// The key of the steps.
pub const STEP: &str = "step";

/// The numbers that a run logged under one key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// The steps, in ascending order.
    pub steps: Vec<f64>,
    /// The value at each step; a number that is not finite is NaN or an infinity.
    pub values: Vec<f64>,
}

/// All columns of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    columns: Vec<Column>,
    /// The keys in the order of their first occurrence.
    keys: Vec<String>,
    places: HashMap<String, usize>,
    /// The largest step of any line.
    last_step: Option<f64>,
}

impl Columns {
    /// The column of `key`, if a line holds it.
    pub fn get(&self, key: &str) -> Option<&Column> {
        self.places.get(key).map(|&place| &self.columns[place]).filter(|column| !column.steps.is_empty())
    }

    /// The keys with numbers, in the order of their first occurrence.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let has_numbers = |(_, column): &(&String, &Column)| !column.steps.is_empty();
        self.keys.iter().zip(&self.columns).filter(has_numbers).map(|(key, _)| key.as_str())
    }

    pub fn last_step(&self) -> Option<f64> {
        self.last_step
    }

    /// The bytes of memory that the numbers take.
    pub fn bytes(&self) -> usize {
        let numbers = |column: &Column| column.steps.capacity() + column.values.capacity();
        8 * self.columns.iter().map(numbers).sum::<usize>()
    }

    /// The place of `key`. `expected` is a place where it may be, which is tried first: the lines of
    /// a log repeat their keys in one order.
    fn place_of(&mut self, key: &str, expected: usize) -> usize {
        if self.keys.get(expected).is_some_and(|known| known == key) {
            return expected;
        }
        if let Some(&place) = self.places.get(key) {
            return place;
        }
        self.places.insert(key.to_owned(), self.keys.len());
        self.keys.push(key.to_owned());
        self.columns.push(Column::default());
        self.keys.len() - 1
    }

    /// Adds the numbers of one line, given by the places of their keys.
    fn push(&mut self, step: f64, numbers: &[(usize, f64)]) {
        self.last_step = Some(self.last_step.map_or(step, |last| last.max(step)));
        for &(place, value) in numbers {
            self.columns[place].steps.push(step);
            self.columns[place].values.push(value);
        }
    }

    /// Appends the columns of the lines that follow.
    fn append(&mut self, later: Columns) {
        for (key, column) in later.keys.into_iter().zip(later.columns) {
            let place = self.place_of(&key, usize::MAX);
            self.columns[place].append(column);
        }
        self.last_step = self.last_step.into_iter().chain(later.last_step).reduce(f64::max);
    }
}

impl Column {
    /// Appends later numbers. Steps that go back are sorted in, behind equal ones.
    fn append(&mut self, later: Column) {
        self.steps.extend(later.steps);
        self.values.extend(later.values);
        if !self.steps.is_sorted() {
            let mut order: Vec<usize> = (0..self.steps.len()).collect();
            order.sort_by(|&a, &b| self.steps[a].total_cmp(&self.steps[b]));
            self.steps = order.iter().map(|&place| self.steps[place]).collect();
            self.values = order.iter().map(|&place| self.values[place]).collect();
        }
    }

    /// The last value and its step.
    pub fn last(&self) -> Option<(f64, f64)> {
        Some((*self.steps.last()?, *self.values.last()?))
    }
}
