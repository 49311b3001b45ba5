//! The records of a run other than rows: files, the summary, output, load and exit.

use std::time::{Duration, Instant};

use super::Journal;
use crate::clock::{since_1970, timestamp};
use crate::media::Media;
use crate::messages::{Changes, Exit, FileItem, Files, Item, Kind, Output};
use crate::value::number_text;
use crate::{Error, Metric, Value};

impl Journal {
    pub(super) fn text(&mut self, key: &str, step: u64, value: Value) -> Result<String, Error> {
        Ok(match value {
            Value::Number(number) => number_text(number),
            Value::Json(json) => json.to_string(),
            Value::Histogram(histogram) => histogram.json().to_string(),
            Value::Image(image) => self.media(Media::image(image, key, step))?,
            Value::Table(table) => self.media(Media::table(&table, key, step))?,
        })
    }

    fn media(&mut self, media: Media) -> Result<String, Error> {
        self.save(media.path, &media.bytes, 2)?;
        Ok(media.json.to_string())
    }

    /// Writes a file and announces it; `kind` as in [`FileItem`].
    pub fn save(&mut self, path: String, bytes: &[u8], kind: i32) -> Result<(), Error> {
        if self.closed {
            return Ok(());
        }
        self.folder.write(&path, bytes).inspect_err(|_| self.closed = true)?;
        self.put(Kind::Files(Files { files: vec![FileItem { path, policy: 0, kind }] }))
    }

    pub fn define(&mut self, metric: Metric) -> Result<(), Error> {
        let record = metric.record();
        self.definitions.define(metric);
        self.put(Kind::Metric(record))
    }

    /// Sets values of the summary and writes them at once.
    pub fn set_summary(&mut self, values: impl Iterator<Item = (String, Value)>) -> Result<(), Error> {
        for (key, value) in values {
            let text = self.text(&key, self.last_step.unwrap_or(0), value)?;
            self.summary.set(&key, &text);
        }
        self.write_summary(Duration::ZERO)
    }

    pub(super) fn write_summary(&mut self, interval: Duration) -> Result<(), Error> {
        let due = self.summary_written.is_none_or(|written| written.elapsed() >= interval);
        if !due || !self.summary.has_changed() {
            return Ok(());
        }
        self.summary_written = Some(Instant::now());
        let mut update = self.summary.changes();
        update.extend(self.times());
        update.push(Item {
            key: String::new(),
            nested_key: vec!["_wandb".into(), "runtime".into()],
            value_json: (self.clock.runtime() as u64).to_string(),
        });
        self.put(Kind::Summary(Changes { update }))
    }

    pub fn output(&mut self, line: &str) -> Result<(), Error> {
        let line = format!("{}\n", line.trim_end_matches('\n'));
        self.put(Kind::Output(Output { kind: 1, timestamp: Some(timestamp(since_1970())), line }))
    }

    /// Records the machine's load. A failure becomes a warning, as no user's call can return it.
    #[cfg(feature = "stats")]
    pub fn stats(&mut self, measured: &[(String, f64)]) {
        use crate::messages::Stats;
        let item = |(key, number): &(String, f64)| Item {
            key: key.clone(),
            nested_key: vec![],
            value_json: number_text(*number),
        };
        let item = measured.iter().map(item).collect();
        let stats = Stats { kind: 0, timestamp: Some(timestamp(since_1970())), item };
        if let Err(failure) = self.put(Kind::Stats(stats)) {
            self.warnings.tell(failure);
        }
    }

    /// Writes the unwritten rest of the summary and the exit code.
    pub fn exit(&mut self, exit_code: i32) -> Result<(), Error> {
        self.write_summary(Duration::ZERO)?;
        self.put(Kind::Exit(Exit { exit_code, runtime: self.clock.runtime() as i32 }))
    }

    /// True if no write failed. The server counts a run without an exit record as failed.
    pub fn is_whole(&self) -> bool {
        !self.closed
    }
}
