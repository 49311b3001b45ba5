//! The index: a SQLite cache of run summaries, which many processes may share.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rayon::prelude::*;
use rusqlite::{Connection, TransactionBehavior, params};

use super::IndexedRun;
use crate::RunState;

/// The longest wait for a lock. Other processes hold it for milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// An entry of the index.
pub struct Row {
    /// The stamp of the run's files when they were read.
    pub stamp: String,
    /// The run's summary as JSON.
    pub summary: String,
}

/// The entries of the index by the names of the runs.
pub type Rows = HashMap<String, Row>;

/// All entries of the index; empty if the index is missing.
pub fn rows(path: &Path) -> rusqlite::Result<Rows> {
    if !path.exists() {
        return Ok(Rows::new());
    }
    let mut connection = open(path)?;
    // One transaction for both queries: another process may empty the index between them.
    let transaction = connection.transaction()?;
    if !transaction.table_exists(None, "runs")? {
        return Ok(Rows::new());
    }
    let mut all = transaction.prepare("SELECT name, stamp, summary FROM runs")?;
    all.query_map([], |row| Ok((row.get(0)?, Row { stamp: row.get(1)?, summary: row.get(2)? })))?.collect()
}

/// Adds the new ones of `runs` to the index, and removes entries of `known` that are not among
/// `runs`.
pub fn update(path: &Path, known: &Rows, runs: &[IndexedRun]) -> rusqlite::Result<()> {
    let names: HashSet<&str> = runs.iter().map(|run| &*run.summary.name).collect();
    let gone: Vec<&String> = known.keys().filter(|name| !names.contains(name.as_str())).collect();
    // A damaged run is read again each time: its files may become readable without a change.
    let is_sound = |run: &&IndexedRun| run.summary.state != RunState::Damaged;
    let new: Vec<&IndexedRun> = runs.iter().filter(|run| run.is_new).filter(is_sound).collect();
    if gone.is_empty() && new.is_empty() {
        return Ok(());
    }
    let mut connection = open(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS runs (name TEXT PRIMARY KEY, stamp TEXT NOT NULL, summary TEXT NOT NULL)",
    )?;
    let mut insert = transaction.prepare("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)")?;
    let texts: Vec<String> = new.par_iter().map(|new| summary_text(new)).collect();
    for (new, text) in new.iter().zip(texts) {
        insert.execute(params![new.summary.name, new.stamp, text])?;
    }
    let mut delete = transaction.prepare("DELETE FROM runs WHERE name = ?")?;
    for name in gone {
        delete.execute([name])?;
    }
    drop((insert, delete));
    transaction.commit()
}

/// Empties the index, or deletes it if it is broken.
pub fn clear(path: &Path) -> Result<()> {
    if !path.is_file() || drop_table(path).is_ok_and(|verdict| verdict == "ok") {
        return Ok(());
    }
    for file in [path.to_owned(), journal(path)].iter().filter(|file| file.exists()) {
        fs::remove_file(file).with_context(|| format!("could not remove {}", file.display()))?;
    }
    Ok(())
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(LOCK_TIMEOUT)?;
    // The index can be rebuilt after a power failure, so that no write has to wait for the disk.
    connection.pragma_update(None, "synchronous", "OFF")?;
    Ok(connection)
}

/// Drops the table and returns the verdict of SQLite's check of the file: `ok`, or the damage.
fn drop_table(path: &Path) -> rusqlite::Result<String> {
    let connection = open(path)?;
    connection.execute_batch("DROP TABLE IF EXISTS runs")?;
    connection.query_row("PRAGMA quick_check", [], |row| row.get(0))
}

fn journal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-journal");
    name.into()
}

fn summary_text(run: &IndexedRun) -> String {
    serde_json::to_string(&run.summary).expect("the keys of a summary are text")
}
