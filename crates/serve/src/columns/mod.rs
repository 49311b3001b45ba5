//! `metrics.jsonl` as columns of numbers, read once and then only in its new bytes.

mod line;
mod log;
mod parse;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub use log::Log;
pub use store::ColumnStore;

use crate::curves::Pyramid;

/// The key of the epochs, which is an x axis too.
pub const EPOCH: &str = "epoch";
/// The key of the steps.
pub const STEP: &str = "step";

/// The values from which on a column keeps its buckets.
const LONG: usize = 100_000;

/// The numbers that a run logged under one key.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// The steps, in ascending order.
    pub steps: Vec<f64>,
    /// The value at each step; a number that is not finite is NaN or an infinity.
    pub values: Vec<f64>,
    /// The buckets of a long column, once a chart has asked for them.
    pyramid: OnceLock<Pyramid>,
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        (&self.steps, &self.values) == (&other.steps, &other.values)
    }
}

/// All columns of a run. A request shares those that it draws, and copies none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    columns: Vec<Arc<Column>>,
    /// The keys in the order of their first occurrence.
    keys: Vec<String>,
    places: HashMap<String, usize>,
    /// The largest step of any line.
    last_step: Option<f64>,
}

impl Columns {
    /// The column of `key`, if a line holds it.
    pub fn get(&self, key: &str) -> Option<&Arc<Column>> {
        self.places.get(key).map(|&place| &self.columns[place]).filter(|column| !column.steps.is_empty())
    }

    /// The keys with numbers, in the order of their first occurrence.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let has_numbers = |(_, column): &(&String, &Arc<Column>)| !column.steps.is_empty();
        self.keys.iter().zip(&self.columns).filter(has_numbers).map(|(key, _)| key.as_str())
    }

    pub fn last_step(&self) -> Option<f64> {
        self.last_step
    }

    /// The bytes of memory that the numbers take.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|column| column.bytes()).sum()
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
        self.columns.push(Arc::default());
        self.keys.len() - 1
    }

    /// Adds the numbers of one line, given by the places of their keys.
    fn push(&mut self, step: f64, numbers: &[(usize, f64)]) {
        self.last_step = Some(self.last_step.map_or(step, |last| last.max(step)));
        for &(place, value) in numbers {
            let column = Arc::make_mut(&mut self.columns[place]);
            column.steps.push(step);
            column.values.push(value);
        }
    }

    /// Appends the columns of the lines that follow.
    fn append(&mut self, later: Columns) {
        for (key, column) in later.keys.into_iter().zip(later.columns) {
            let place = self.place_of(&key, usize::MAX);
            // A copy is made only while a request draws the column.
            Arc::make_mut(&mut self.columns[place]).append(Arc::unwrap_or_clone(column));
        }
        self.last_step = self.last_step.into_iter().chain(later.last_step).reduce(f64::max);
    }
}

impl Column {
    /// The column of these steps, in ascending order, and values.
    pub fn of(steps: Vec<f64>, values: Vec<f64>) -> Self {
        Self { steps, values, pyramid: OnceLock::new() }
    }

    /// The buckets of a column of at least 100,000 values.
    pub fn pyramid(&self) -> Option<&Pyramid> {
        let made = || Pyramid::new(&self.steps, &self.values);
        (self.values.len() >= LONG).then(|| self.pyramid.get_or_init(made))
    }

    /// The bytes of memory that the numbers and buckets take.
    fn bytes(&self) -> usize {
        let numbers = 8 * (self.steps.capacity() + self.values.capacity());
        numbers + self.pyramid.get().map_or(0, Pyramid::bytes)
    }

    /// Appends later numbers. Steps that go back are sorted in, behind equal ones.
    fn append(&mut self, later: Column) {
        self.steps.extend(later.steps);
        self.values.extend(later.values);
        if self.steps.is_sorted() {
            if let Some(pyramid) = self.pyramid.get_mut() {
                pyramid.extend(&self.steps, &self.values);
            }
        } else {
            self.pyramid.take();
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
