//! The metric definitions of a run and their effects on logged rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::messages::{Item, MetricRecord};
use crate::metric::{Aggregate, Metric};

#[derive(Default)]
pub(crate) struct Definitions {
    /// Definitions of single metrics, by name.
    named: BTreeMap<String, Metric>,
    /// Definitions whose name ends in `*`, the latest last.
    prefixed: Vec<Metric>,
    /// Names already compared with the prefixes. Each name is compared only once.
    seen: BTreeSet<String>,
    /// The latest values of step metrics (horizontal axes), as JSON text.
    steps: BTreeMap<String, Option<String>>,
}

impl Definitions {
    pub fn define(&mut self, metric: Metric) {
        if let Some(step_metric) = &metric.step_metric {
            self.steps.entry(step_metric.clone()).or_default();
        }
        if metric.prefix().is_some() {
            self.seen.clear();
            self.prefixed.push(metric);
        } else {
            self.named.insert(metric.name.clone(), metric);
        }
    }

    /// The values that the summary keeps of this metric. None listed means the last value.
    pub fn aggregates(&self, name: &str) -> &[Aggregate] {
        self.named.get(name).map_or(&[], |metric| &metric.summary)
    }

    /// Defines the metrics of a row whose names match a prefix, and returns their records.
    pub fn expand(&mut self, row: &[Item]) -> Vec<MetricRecord> {
        let mut records = vec![];
        for Item { key, .. } in row {
            if self.prefixed.is_empty() || self.seen.contains(key) {
                continue;
            }
            self.seen.insert(key.clone());
            let fits = |metric: &&Metric| metric.prefix().is_some_and(|prefix| key.starts_with(prefix));
            let found = self.prefixed.iter().rev().find(fits).map(|metric| metric.named(key));
            if let (Some(metric), false) = (found, key.starts_with('_') || self.named.contains_key(key)) {
                records.push(MetricRecord { expanded_from_glob: true, ..metric.record() });
                self.define(metric);
            }
        }
        records
    }

    /// Adds the latest values of step metrics that the row's metrics need and the row lacks.
    pub fn complete(&mut self, row: &mut Vec<Item>) {
        if self.steps.is_empty() {
            return;
        }
        for item in &*row {
            if let Some(latest) = self.steps.get_mut(&item.key) {
                *latest = Some(item.value_json.clone());
            }
        }
        let needed: BTreeSet<&String> =
            row.iter().filter_map(|item| self.named.get(&item.key)?.step_metric.as_ref()).collect();
        for key in needed {
            if let (Some(Some(latest)), true) = (self.steps.get(key), row.iter().all(|item| item.key != *key))
            {
                row.push(Item { key: key.clone(), nested_key: vec![], value_json: latest.clone() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(items: &[(&str, &str)]) -> Vec<Item> {
        let item = |(key, value): &(&str, &str)| Item {
            key: (*key).into(),
            nested_key: vec![],
            value_json: (*value).into(),
        };
        items.iter().map(item).collect()
    }

    #[test]
    fn a_row_gets_the_latest_value_of_its_axis() {
        let mut definitions = Definitions::default();
        definitions.define(Metric::new("loss").step_metric("epoch"));
        let mut first = row(&[("loss", "1.0")]);
        definitions.complete(&mut first);
        assert_eq!(first, row(&[("loss", "1.0")]));
        definitions.complete(&mut row(&[("epoch", "3")]));
        let mut second = row(&[("loss", "0.5")]);
        definitions.complete(&mut second);
        assert_eq!(second, row(&[("loss", "0.5"), ("epoch", "3")]));
        let mut other = row(&[("accuracy", "0.5")]);
        definitions.complete(&mut other);
        assert_eq!(other, row(&[("accuracy", "0.5")]));
    }

    #[test]
    fn the_latest_fitting_prefix_defines_a_metric_once() {
        let mut definitions = Definitions::default();
        definitions.define(Metric::new("*").summary(Aggregate::Max));
        definitions.define(Metric::new("val/*").summary(Aggregate::Min));
        definitions.define(Metric::new("val/named").summary(Aggregate::Mean));
        let seen = row(&[("val/loss", "1"), ("val/named", "1"), ("other", "1"), ("_step", "1")]);
        let names: Vec<String> = definitions.expand(&seen).into_iter().map(|record| record.name).collect();
        assert_eq!(names, ["val/loss", "other"]);
        assert!(definitions.expand(&seen).is_empty());
        assert_eq!(definitions.aggregates("val/loss"), [Aggregate::Min]);
        assert_eq!(definitions.aggregates("val/named"), [Aggregate::Mean]);
        assert_eq!(definitions.aggregates("other"), [Aggregate::Max]);
        assert_eq!(definitions.aggregates("_step"), []);
    }
}
