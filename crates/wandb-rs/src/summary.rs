//! The summary of a run: one value per key. It is computed here because the server does not compute
//! it from an uploaded history.

use std::collections::{BTreeMap, BTreeSet};

use crate::messages::Item;
use crate::metric::Aggregate;
use crate::value::number_text;

#[derive(Default)]
pub(crate) struct Summary {
    values: BTreeMap<String, Observed>,
    changed: BTreeSet<String>,
}

#[derive(Default)]
struct Observed {
    /// The latest value as JSON text.
    last: String,
    numbers: Option<Numbers>,
    shown: String,
}

struct Numbers {
    first: f64,
    min: f64,
    max: f64,
    sum: f64,
    count: u64,
}

impl Summary {
    /// Takes a value from a row. `aggregates` are the values that the summary keeps of its key.
    pub fn observe(&mut self, key: &str, value_json: &str, aggregates: &[Aggregate]) {
        if !self.values.contains_key(key) {
            self.values.insert(key.into(), Observed::default());
        }
        let observed = self.values.get_mut(key).expect("it was put there");
        observed.last.clear();
        observed.last.push_str(value_json);
        if !aggregates.is_empty() {
            observed.count();
        }
        if observed.show(aggregates) && !self.changed.contains(key) {
            self.changed.insert(key.into());
        }
    }

    /// Sets a value given by the user.
    pub fn set(&mut self, key: &str, value_json: &str) {
        self.observe(key, value_json, &[]);
    }

    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The values that changed since the last call.
    pub fn changes(&mut self) -> Vec<Item> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        changed
            .map(|key| {
                let value_json = self.values[&key].shown.clone();
                Item { key, nested_key: vec![], value_json }
            })
            .collect()
    }
}

impl Observed {
    fn count(&mut self) {
        // JSON strings have quotation marks, so only numbers parse as numbers.
        let Ok(value) = self.last.parse::<f64>() else { return };
        let numbers = self.numbers.get_or_insert(Numbers {
            first: value,
            min: f64::NAN,
            max: f64::NAN,
            sum: 0.0,
            count: 0,
        });
        numbers.min = numbers.min.min(value);
        numbers.max = numbers.max.max(value);
        numbers.sum += value;
        numbers.count += 1;
    }

    /// Updates `shown` and returns whether it changed.
    fn show(&mut self, aggregates: &[Aggregate]) -> bool {
        let shown = match &self.numbers {
            _ if aggregates.contains(&Aggregate::None) => String::new(),
            Some(numbers) if !aggregates.is_empty() => numbers.text(aggregates, &self.last),
            _ => self.last.clone(),
        };
        let changed = shown != self.shown;
        self.shown = shown;
        changed
    }
}

impl Numbers {
    fn text(&self, aggregates: &[Aggregate], last: &str) -> String {
        let one = |aggregate: &Aggregate| match aggregate {
            Aggregate::Min => Some(("min", number_text(self.min))),
            Aggregate::Max => Some(("max", number_text(self.max))),
            Aggregate::Mean => Some(("mean", number_text(self.sum / self.count as f64))),
            Aggregate::First => Some(("first", number_text(self.first))),
            Aggregate::Last => Some(("last", last.to_owned())),
            Aggregate::None => None,
        };
        let texts: Vec<String> =
            aggregates.iter().filter_map(one).map(|(name, text)| format!("\"{name}\":{text}")).collect();
        format!("{{{}}}", texts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(values: &[&str], aggregates: &[Aggregate]) -> Option<String> {
        let mut summary = Summary::default();
        values.iter().for_each(|value| summary.observe("loss", value, aggregates));
        summary.changes().pop().map(|item| item.value_json)
    }

    #[test]
    fn the_last_value_is_kept_of_what_nobody_defined() {
        assert_eq!(after(&["1.0", "\"high\"", "NaN"], &[]).unwrap(), "NaN");
    }

    #[test]
    fn asked_aggregates_are_kept_and_nan_is_neither_least_nor_greatest() {
        let values = ["3", "NaN", "1.5", "2"];
        assert_eq!(after(&values, &[Aggregate::Min]).unwrap(), r#"{"min":1.5}"#);
        let several = [Aggregate::Max, Aggregate::First, Aggregate::Last];
        assert_eq!(after(&values, &several).unwrap(), r#"{"max":3.0,"first":3.0,"last":2}"#);
        assert_eq!(after(&["1", "2", "6"], &[Aggregate::Mean]).unwrap(), r#"{"mean":3.0}"#);
        assert_eq!(after(&["1"], &[Aggregate::None]), None);
        assert_eq!(after(&["\"text\""], &[Aggregate::Min]).unwrap(), "\"text\"");
    }

    #[test]
    fn only_what_changed_is_told() {
        let mut summary = Summary::default();
        summary.observe("loss", "1.0", &[Aggregate::Min]);
        summary.set("best", "1.0");
        assert_eq!(summary.changes().len(), 2);
        summary.observe("loss", "2.0", &[Aggregate::Min]);
        summary.set("best", "1.0");
        assert!(!summary.has_changed() && summary.changes().is_empty());
    }
}
