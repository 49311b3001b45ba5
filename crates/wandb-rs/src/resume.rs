//! The state of a run that its earlier starts left on disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::definitions::Definitions;
use crate::log;
use crate::messages::{Changes, History, Kind};
use crate::metric::Metric;
use crate::summary::Summary;

#[derive(Default)]
pub(crate) struct Earlier {
    pub definitions: Definitions,
    pub summary: Summary,
    /// The step of the last row.
    pub last_step: Option<u64>,
    /// The keys logged at that step.
    pub last_keys: BTreeSet<String>,
    /// The running time of the earlier starts, in seconds.
    pub runtime: f64,
}

impl Earlier {
    /// Reads the logs of one run, the oldest first. A torn log is read up to its last complete
    /// record.
    pub fn read(logs: &[PathBuf]) -> Self {
        let mut earlier = Self::default();
        for bytes in logs.iter().flat_map(fs::read) {
            log::read(&bytes).into_iter().for_each(|kind| earlier.take(kind));
        }
        earlier
    }

    fn take(&mut self, kind: Kind) {
        match kind {
            Kind::Metric(record) => self.definitions.define(Metric::from_record(record)),
            Kind::History(row) => self.take_row(row),
            Kind::Summary(changes) => self.take_summary(changes),
            _ => {}
        }
    }

    fn take_row(&mut self, mut row: History) {
        self.definitions.complete(&mut row.item);
        let step = row.step.map(|step| step.num as u64);
        if step != self.last_step {
            self.last_keys.clear();
            self.last_step = step.or(self.last_step);
        }
        for item in &row.item {
            self.last_keys.insert(item.key.clone());
            match item.key.as_str() {
                "_runtime" => self.runtime = item.value_json.parse().unwrap_or(self.runtime),
                "_step" | "_timestamp" => {}
                key => self.summary.observe(key, &item.value_json, self.definitions.aggregates(key)),
            }
        }
    }

    /// Takes the values that the user set. All other values follow from the rows.
    fn take_summary(&mut self, changes: Changes) {
        for item in changes.update {
            let follows = item.key.starts_with('_') || !self.definitions.aggregates(&item.key).is_empty();
            if item.nested_key.is_empty() && !follows {
                self.summary.set(&item.key, &item.value_json);
            }
        }
    }
}
