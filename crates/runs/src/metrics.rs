//! `metrics.jsonl`: the measured numbers of a run, one object per line, in an append-only file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use umwelt_base::{atomic, jsonl};

/// One line: `step`, `epoch` and the numbers measured there.
pub type Record = Map<String, Value>;

/// The name of the score that chooses the best checkpoint, in every world; lower is better.
pub const SCORE: &str = "score";

/// An open log.
pub struct MetricsLog {
    path: PathBuf,
}

impl MetricsLog {
    /// Opens the log of a run that resumes at `step`. Removes a torn last line and lines of later
    /// steps.
    pub fn open(path: &Path, step: u64) -> Result<Self> {
        let kept = read_records(path)?.into_iter().filter(|record| step_of(record) <= step);
        let lines: String = kept.map(|record| format!("{}\n", Value::Object(record))).collect();
        atomic::write(path, lines.as_bytes())?;
        Ok(Self { path: path.to_owned() })
    }

    /// Appends one line.
    pub fn append(&self, record: &Record) -> Result<()> {
        jsonl::append(&self.path, record).with_context(|| atomic::failure(&self.path))
    }
}

/// The whole lines of a log; empty if the log is missing.
pub fn read_records(path: &Path) -> Result<Vec<Record>> {
    jsonl::read(path).with_context(|| format!("could not read {}", path.display()))
}

/// The JSON object in a file; empty if the file cannot be read.
pub fn read_json(path: &Path) -> Record {
    fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// The step of a line.
pub fn step_of(record: &Record) -> u64 {
    record.get("step").and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_and_later_steps_are_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        fs::write(&path, "{\"step\":10,\"loss\":1.5}\n{\"step\":20,\"loss\":1.25}\n{\"step\":30,\"lo")
            .unwrap();
        let log = MetricsLog::open(&path, 15).unwrap();
        log.append(&Record::from_iter([("step".into(), 20.into()), ("loss".into(), 1.0.into())])).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\"step\":10,\"loss\":1.5}\n{\"step\":20,\"loss\":1.0}\n"
        );
    }
}
