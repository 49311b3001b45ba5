//! The logs in memory, within a budget.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Log;

/// The logs of runs, of which the least recently used leave first.
#[derive(Debug)]
pub struct ColumnStore {
    logs: Mutex<HashMap<String, Entry>>,
    /// The most bytes of columns.
    budget: usize,
}

#[derive(Debug)]
struct Entry {
    log: Arc<Mutex<Log>>,
    used: Instant,
    bytes: usize,
}

impl ColumnStore {
    /// An empty store that keeps at most `budget` bytes of columns beside those in use.
    pub fn new(budget: usize) -> Self {
        Self { logs: Mutex::default(), budget }
    }

    /// What `take` makes of the log of the run `name` in `folder`, after new lines were read for at
    /// most `patience`, and one block at least.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn with<T>(
        &self,
        name: &str,
        folder: &Path,
        patience: Duration,
        take: impl FnOnce(&Log) -> T,
    ) -> io::Result<T> {
        let shared = self.entry(name);
        let mut log = lock(&shared);
        let started = Instant::now();
        log.read_on(folder)?;
        while !log.is_complete() && started.elapsed() < patience {
            log.read_on(folder)?;
        }
        self.make_room(name, log.columns().bytes());
        Ok(take(&log))
    }

    /// Forgets the log of the run `name`.
    pub fn forget(&self, name: &str) {
        lock(&self.logs).remove(name);
    }

    /// The names of the runs in memory, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = lock(&self.logs).keys().cloned().collect();
        names.sort();
        names
    }

    /// The bytes of all columns.
    pub fn bytes(&self) -> usize {
        lock(&self.logs).values().map(|entry| entry.bytes).sum()
    }

    fn entry(&self, name: &str) -> Arc<Mutex<Log>> {
        let mut logs = lock(&self.logs);
        let new = || Entry { log: Arc::default(), used: Instant::now(), bytes: 0 };
        let entry = logs.entry(name.to_owned()).or_insert_with(new);
        entry.used = Instant::now();
        entry.log.clone()
    }

    /// Records the size of the log of `name`, and drops others until the budget is kept.
    fn make_room(&self, name: &str, bytes: usize) {
        let mut logs = lock(&self.logs);
        if let Some(entry) = logs.get_mut(name) {
            entry.bytes = bytes;
        }
        while logs.values().map(|entry| entry.bytes).sum::<usize>() > self.budget {
            let others = logs.iter().filter(|(other, _)| *other != name);
            let Some(oldest) = others.min_by_key(|(_, entry)| entry.used).map(|(name, _)| name.clone())
            else {
                return;
            };
            logs.remove(&oldest);
        }
    }
}

/// The content of a lock. A request that panicked leaves whole values behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
