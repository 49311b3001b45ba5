//! The index: what was read from each run folder, in SQLite, so that many processes may use it at once.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rayon::prelude::*;
use rusqlite::{Connection, TransactionBehavior, params};

use super::Looked;
use crate::RunState;

/// Another process writes for a moment only; one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of a run: the stamp of its files, and its summary in JSON.
pub struct Row {
    pub stamp: String,
    pub summary: String,
}

pub type Rows = HashMap<String, Row>;

/// Everything in the index; nothing where there is none.
pub fn rows(path: &Path) -> rusqlite::Result<Rows> {
    if !path.exists() {
        return Ok(Rows::new());
    }
    let mut connection = open(path)?;
    // One moment for both questions: another process may forget the index between them.
    let moment = connection.transaction()?;
    if !moment.table_exists(None, "runs")? {
        return Ok(Rows::new());
    }
    let mut all = moment.prepare("SELECT name, stamp, summary FROM runs")?;
    all.query_map([], |row| Ok((row.get(0)?, Row { stamp: row.get(1)?, summary: row.get(2)? })))?.collect()
}

/// Remembers the new ones of `looked` and forgets what is known but was not found.
pub fn update(path: &Path, known: &Rows, looked: &[Looked]) -> rusqlite::Result<()> {
    let names: HashSet<&str> = looked.iter().map(|looked| &*looked.summary.name).collect();
    let gone: Vec<&String> = known.keys().filter(|name| !names.contains(name.as_str())).collect();
    // What is damaged may be readable the next time without having changed.
    let is_sound = |looked: &&Looked| looked.summary.state != RunState::Damaged;
    let new: Vec<&Looked> = looked.iter().filter(|looked| looked.is_new).filter(is_sound).collect();
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

/// Empties the index; one that is broken is removed.
pub fn forget(path: &Path) -> Result<()> {
    if !path.is_file() || empty(path).is_ok_and(|verdict| verdict == "ok") {
        return Ok(());
    }
    for file in [path.to_owned(), journal(path)].iter().filter(|file| file.exists()) {
        fs::remove_file(file).with_context(|| format!("could not remove {}", file.display()))?;
    }
    Ok(())
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    // After a power failure the index can be made anew: waiting for the disk gains nothing.
    connection.pragma_update(None, "synchronous", "OFF")?;
    Ok(connection)
}

/// Drops everything, and returns what SQLite thinks of the rest: `ok`, or what is wrong.
fn empty(path: &Path) -> rusqlite::Result<String> {
    let connection = open(path)?;
    connection.execute_batch("DROP TABLE IF EXISTS runs")?;
    connection.query_row("PRAGMA quick_check", [], |row| row.get(0))
}

fn journal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-journal");
    name.into()
}

fn summary_text(looked: &Looked) -> String {
    serde_json::to_string(&looked.summary).expect("a summary has text for keys")
}
