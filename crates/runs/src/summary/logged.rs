//! The scores of runs of earlier versions, which are only in the log of metrics.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};

use crate::{Record, SCORE};

/// The numbers of the last line with a `score`. The end of the log is searched first, and the whole
/// log only if that fails.
pub fn scores(log: &Path) -> Result<Record> {
    const END: u64 = 16 * 1024;
    let Ok(mut file) = File::open(log) else { return Ok(Record::new()) };
    let read = |file: &mut File, from: u64| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(last_in(&String::from_utf8_lossy(&bytes)))
    };
    let unreadable = || format!("could not read {}", log.display());
    let length = file.metadata().with_context(unreadable)?.len();
    let mut found = read(&mut file, length.saturating_sub(END)).with_context(unreadable)?;
    if found.is_none() && length > END {
        found = read(&mut file, 0).with_context(unreadable)?;
    }
    Ok(found.unwrap_or_default())
}

fn last_in(text: &str) -> Option<Record> {
    let quoted = format!("\"{SCORE}\"");
    let lines = text.lines().rev().filter(|line| line.contains(&quoted));
    let mut records = lines.filter_map(|line| serde_json::from_str::<Record>(line).ok());
    let mut record = records.find(|record| record.contains_key(SCORE))?;
    record.retain(|key, _| key != "step" && key != "epoch");
    Some(record)
}
