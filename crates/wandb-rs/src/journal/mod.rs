//! An open log. It turns the user's calls into records.

mod values;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::{Clock, since_1970};
use crate::definitions::Definitions;
use crate::folder::RunFolder;
use crate::log::LogWriter;
use crate::messages::{History, Item, Kind, Step};
use crate::resume::Earlier;
use crate::summary::Summary;
use crate::value::number_text;
use crate::warnings::Warnings;
use crate::{Error, Value};

/// The shortest time between two records of the summary.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Journal {
    log: LogWriter<Box<dyn Write + Send>>,
    /// Set after a failed write. Later records are dropped.
    closed: bool,
    folder: RunFolder,
    clock: Clock,
    definitions: Definitions,
    summary: Summary,
    summary_written: Option<Instant>,
    last_step: Option<u64>,
    /// The last step that an earlier start wrote, and the keys of its row.
    earlier: Option<(u64, BTreeSet<String>)>,
    /// Set once the user was warned about a late row.
    late_told: bool,
    warnings: Arc<Warnings>,
}

impl Journal {
    pub fn create(folder: RunFolder, earlier: Earlier, warnings: Arc<Warnings>) -> Result<Self, Error> {
        let file = File::create_new(&folder.log);
        let log = file.and_then(|file| LogWriter::new(Box::new(file) as Box<dyn Write + Send>));
        let log = log.map_err(|source| Error::Write { path: folder.log.clone(), source })?;
        Ok(Self {
            log,
            closed: false,
            folder,
            clock: Clock::new(earlier.runtime),
            definitions: earlier.definitions,
            summary: earlier.summary,
            summary_written: None,
            last_step: earlier.last_step,
            earlier: earlier.last_step.map(|step| (step, earlier.last_keys)),
            late_told: false,
            warnings,
        })
    }

    /// Appends a record. The first failure returns an error; later records are dropped.
    pub fn put(&mut self, kind: Kind) -> Result<(), Error> {
        if self.closed {
            return Ok(());
        }
        self.log.append(kind).map_err(|source| self.close_after(source))
    }

    fn close_after(&mut self, source: io::Error) -> Error {
        self.closed = true;
        self.cut();
        Error::Write { path: self.folder.log.clone(), source }
    }

    /// Removes a partly written record, because `wandb sync` rejects a log with half a record.
    fn cut(&self) {
        let whole = self.log.offset();
        let Ok(file) = File::options().write(true).open(&self.folder.log) else { return };
        if file.metadata().is_ok_and(|log| log.len() > whole) {
            let _ = file.set_len(whole);
        }
    }

    pub fn log(&mut self, step: u64, values: impl Iterator<Item = (String, Value)>) -> Result<(), Error> {
        if self.closed || self.is_late(step) {
            return Ok(());
        }
        let mut row = vec![];
        for (key, value) in values.filter(|(key, _)| !self.is_there(step, key)).collect::<Vec<_>>() {
            let value_json = self.text(&key, step, value)?;
            row.push(Item { key, nested_key: vec![], value_json });
        }
        if row.is_empty() {
            return Ok(());
        }
        for metric in self.definitions.expand(&row) {
            self.put(Kind::Metric(metric))?;
        }
        self.definitions.complete(&mut row);
        for item in &row {
            self.summary.observe(&item.key, &item.value_json, self.definitions.aggregates(&item.key));
        }
        self.last_step = Some(step);
        row.extend(self.times());
        self.put(Kind::History(History { item: row, step: Some(Step { num: step as i64 }) }))?;
        self.write_summary(SUMMARY_INTERVAL)
    }

    /// True if `step` is below the last step, because W&B accepts rows only in the order of their
    /// steps. Warns once, except about rows that an earlier start has written.
    fn is_late(&mut self, step: u64) -> bool {
        let is_there = self.earlier.as_ref().is_some_and(|(last, _)| step < *last);
        let last = self.last_step.unwrap_or(0);
        if step < last && !is_there && !self.late_told {
            self.late_told = true;
            self.warnings.tell(format!(
                "W&B: rows whose step is below the one before are left out; the first is step {step} after {last}"
            ));
        }
        step < last
    }

    fn is_there(&self, step: u64, key: &str) -> bool {
        self.earlier.as_ref().is_some_and(|(last, keys)| step == *last && keys.contains(key))
    }

    /// The step and the times of a row or of the summary.
    fn times(&self) -> [Item; 3] {
        let item = |key: &str, value_json| Item { key: key.into(), nested_key: vec![], value_json };
        [
            item("_step", self.last_step.unwrap_or(0).to_string()),
            item("_timestamp", number_text(since_1970().as_secs_f64())),
            item("_runtime", number_text(self.clock.runtime())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log on a disk with the given free space in bytes.
    struct Disk(File, usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.1 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let written = self.0.write(&bytes[..bytes.len().min(self.1)])?;
            self.1 -= written;
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_once_and_leaves_whole_records() {
        let root = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(root.path(), "a", 0).unwrap();
        let path = folder.log.clone();
        let mut journal = Journal::create(folder, Earlier::default(), Arc::default()).unwrap();
        let disk = Disk(File::create(&path).unwrap(), 600);
        journal.log = LogWriter::new(Box::new(disk) as Box<dyn Write + Send>).unwrap();
        let mut log = |step| journal.log(step, [("loss".to_owned(), Value::from(0.5))].into_iter());
        let failures: Vec<String> = (0..50).filter_map(|step| Some(log(step).err()?.to_string())).collect();
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert!(failures[0].contains("run-a.wandb: no storage space; the W&B log ends here"), "{failures:?}");
        assert!(!journal.is_whole());
        let bytes = std::fs::read(path).unwrap();
        // The file has a header of 7 bytes, and a chunk header of 7 bytes before each record.
        let records: usize = crate::log::read(&bytes)
            .into_iter()
            .zip(1..)
            .map(|(kind, num)| {
                7 + prost::Message::encoded_len(&crate::messages::Record { num, kind: Some(kind) })
            })
            .sum();
        assert_eq!(bytes.len(), 7 + records);
        assert!((300..600).contains(&bytes.len()), "{}", bytes.len());
    }
}
