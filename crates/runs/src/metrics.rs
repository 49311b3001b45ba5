//! `metrics.jsonl`: what a run measured, one object a line, only ever appended to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use umwelt_base::{atomic, jsonl};

/// One line: `step`, `epoch` and what was measured there.
pub type Record = Map<String, Value>;

/// What every world calls the score that its best checkpoint is chosen by, besides its own name for it; the less the better.
pub const SCORE: &str = "score";

/// An open log.
pub struct MetricsLog {
    path: PathBuf,
}

impl MetricsLog {
    /// Opens the log of a run that goes on from `step`: a torn last line and what came later are cut off.
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

/// The whole lines of a log; none where there is no log.
pub fn read_records(path: &Path) -> Result<Vec<Record>> {
    jsonl::read(path).with_context(|| format!("could not read {}", path.display()))
}

/// An object in a file; empty where there is none that can be read.
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
