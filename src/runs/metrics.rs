//! `metrics.jsonl`: what a run measured, one object a line, only ever appended to.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::atomic;

/// One line: `step`, `epoch` and what was measured there.
pub type Record = Map<String, Value>;

/// What every world calls the score that its best checkpoint is chosen by, besides its own name for it; the less the better.
pub const SCORE: &str = "score";

/// An open log.
pub struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Opens the log of a run that goes on from `step`: a torn last line and what came later are cut off.
    pub fn open(path: &Path, step: u64) -> Result<Self> {
        let kept = read_records(path)?.into_iter().filter(|record| step_of(record) <= step);
        let lines: String = kept.map(|record| format!("{}\n", Value::Object(record))).collect();
        if path.exists() {
            atomic::write(path, lines.as_bytes())?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self { path: path.to_owned(), file: file.with_context(|| atomic::failure(path))? })
    }

    /// Appends one line.
    pub fn append(&mut self, record: &Record) -> Result<()> {
        let line = serde_json::to_string(record)? + "\n";
        self.file.write_all(line.as_bytes()).with_context(|| atomic::failure(&self.path))
    }
}

/// The whole lines of a log; none where there is no log.
pub fn read_records(path: &Path) -> Result<Vec<Record>> {
    if !path.exists() {
        return Ok(vec![]);
    }
    let text = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().map_while(|line| serde_json::from_str(line).ok()).collect())
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
        let mut log = MetricsLog::open(&path, 15).unwrap();
        log.append(&Record::from_iter([("step".into(), 20.into()), ("loss".into(), 1.0.into())])).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\"step\":10,\"loss\":1.5}\n{\"step\":20,\"loss\":1.0}\n"
        );
    }
}
