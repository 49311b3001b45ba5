mod start;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::journal::Journal;
use crate::messages::{Changes, Empty, Item, Kind};
use crate::stats::Sampler;
use crate::upload::{Upload, is_uploaded};
use crate::warnings::{Warnings, lock};
use crate::{Ending, Error, Metric, Value};

/// A run in progress. Threads may share it.
///
/// Every call writes to disk before it returns and never waits for the network. If a write fails,
/// the call returns the error and closes the run: later calls do nothing and return `Ok`, so that a
/// full disk causes one message and the training continues.
pub struct Run {
    id: String,
    folder: Option<PathBuf>,
    earlier_step: Option<u64>,
    warnings: Arc<Warnings>,
    journal: Arc<Mutex<Option<Journal>>>,
    beside: Mutex<Beside>,
    ending: Mutex<Option<Ending>>,
    finish_timeout: Duration,
}

/// The background work of a run.
#[derive(Default)]
struct Beside {
    _sampler: Option<Sampler>,
    upload: Option<Upload>,
    /// The logs to upload: those of earlier starts, then the run's own.
    logs: Vec<PathBuf>,
}

impl Run {
    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The run's folder; none if W&B is disabled.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The last step that earlier starts of this run logged. Earlier rows are on disk already and
    /// are left out. A row at this step keeps only its new keys.
    pub fn earlier_step(&self) -> Option<u64> {
        self.earlier_step
    }

    /// Defines a metric. The definition applies to later rows.
    ///
    /// # Errors
    /// [`Error::Write`], as for every call that writes.
    pub fn define_metric(&self, metric: Metric) -> Result<(), Error> {
        self.with(|journal| journal.define(metric))
    }

    /// Logs a row: the values measured at `step`. Steps must not decrease. Pass all values of a
    /// step in one call, because a second call makes a second row.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn log<K: Into<String>, V: Into<Value>>(
        &self,
        step: u64,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), Error> {
        self.with(|journal| journal.log(step, texts_and_values(values)))
    }

    /// Sets values of the summary, which otherwise holds the last value of each metric.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn summary<K: Into<String>, V: Into<Value>>(
        &self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), Error> {
        self.with(|journal| journal.set_summary(texts_and_values(values)))
    }

    /// Adds to the run's settings.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn config<K: Into<String>, V: Into<Json>>(
        &self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), Error> {
        let values = values.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self.with(|journal| journal.put(Kind::Config(changes(&values))))
    }

    /// Logs a line of the program's output.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn output_line(&self, line: &str) -> Result<(), Error> {
        self.with(|journal| journal.output(line))
    }

    /// Saves a file with the run, under a relative path.
    ///
    /// # Errors
    /// [`Error::FileName`], [`Error::Write`].
    pub fn save(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let inside = |part| matches!(part, std::path::Component::Normal(_));
        if name.is_empty() || !Path::new(name).components().all(inside) {
            return Err(Error::FileName(name.into()));
        }
        self.with(|journal| journal.save(name.into(), bytes, 0))
    }

    /// Tells the server that the run is about to be preempted. The server then shows it as
    /// preempted, not as failed, and a sweep starts it again.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn preempting(&self) -> Result<(), Error> {
        self.with(|journal| journal.put(Kind::Preempting(Empty {})))
    }

    /// The warnings since the last call, one line each. Each warning is given once per run.
    pub fn messages(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// Ends the run and waits for its upload, at most for the timeout. The uploader ends before the
    /// call returns.
    ///
    /// An exit code other than 0 marks the run as failed. A second call returns the same result. A
    /// run that is dropped before it is finished counts as failed with code 1.
    pub fn finish(&self, exit_code: i32) -> Ending {
        lock(&self.ending).get_or_insert_with(|| self.end(exit_code)).clone()
    }

    fn end(&self, exit_code: i32) -> Ending {
        let Beside { upload, logs, .. } = std::mem::take(&mut *lock(&self.beside));
        let Some(mut journal) = lock(&self.journal).take() else { return Ending::Disabled };
        if let Err(failure) = journal.exit(exit_code) {
            self.warnings.tell(failure);
        }
        let is_whole = journal.is_whole();
        drop(journal);
        match upload.map(|upload| upload.finish(is_whole, self.finish_timeout)) {
            Some(Ok(url)) => Ending::Uploaded { url },
            other => Ending::Offline { folders: waiting(&logs), reason: other.and_then(Result::err) },
        }
    }

    fn with(&self, act: impl FnOnce(&mut Journal) -> Result<(), Error>) -> Result<(), Error> {
        lock(&self.journal).as_mut().map_or(Ok(()), act)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.finish(1);
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("id", &self.id).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The folders of logs that were not uploaded.
fn waiting(logs: &[PathBuf]) -> Vec<PathBuf> {
    let folders = logs.iter().filter(|log| !is_uploaded(log)).filter_map(|log| log.parent());
    folders.map(Path::to_owned).collect()
}

fn texts_and_values<K: Into<String>, V: Into<Value>>(
    values: impl IntoIterator<Item = (K, V)>,
) -> impl Iterator<Item = (String, Value)> {
    values.into_iter().map(|(key, value)| (key.into(), value.into()))
}

fn changes(config: &Map<String, Json>) -> Changes {
    let item = |(key, value): (&String, &Json)| Item {
        key: key.clone(),
        nested_key: vec![],
        value_json: value.to_string(),
    };
    Changes { update: config.iter().map(item).collect() }
}
