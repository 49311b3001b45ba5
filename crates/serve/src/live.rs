//! The list of runs in memory, read again only as far as it may have changed.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use anyhow::Result;
use umwelt_runs::registry::{FileStamp, Listing, Registry};
use umwelt_runs::{RunState, RunSummary};

/// The polls of running runs for each scan of the whole tree.
const POLLS_PER_SCAN: u32 = 10;
/// The most of the time that scans may take: one part in this many.
const SCAN_SHARE: u32 = 10;

/// The runs at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The runs, sorted by name.
    pub runs: Vec<Arc<RunSummary>>,
    /// The problem with the index, if there is one.
    pub warning: Option<String>,
    /// A number that grows with each change; 0 before the first scan.
    pub number: u64,
}

impl Snapshot {
    /// The run of this name.
    pub fn run(&self, name: &str) -> Option<&Arc<RunSummary>> {
        let place = self.runs.binary_search_by(|run| run.name.as_str().cmp(name)).ok()?;
        self.runs.get(place)
    }
}

/// The snapshot, and when which part of it was read.
#[derive(Debug)]
pub struct Live {
    registry: Registry,
    poll: Duration,
    current: RwLock<Arc<Snapshot>>,
    schedule: Mutex<Schedule>,
}

#[derive(Debug, Default)]
struct Schedule {
    scanned: Option<Instant>,
    scan_took: Duration,
    polled: Option<Instant>,
    /// The stamps of the status files of running runs.
    statuses: HashMap<String, Option<FileStamp>>,
}

impl Live {
    pub fn new(registry: Registry, poll: Duration) -> Self {
        Self { registry, poll, current: RwLock::default(), schedule: Mutex::default() }
    }

    /// The runs, after everything that is due was read again.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let current = self.current();
        let schedule = match self.schedule.try_lock() {
            Ok(schedule) => Some(schedule),
            // Another request reads; only the first answer has to wait for it.
            Err(TryLockError::WouldBlock) if current.number > 0 => None,
            Err(_) => Some(self.locked()),
        };
        let Some(mut schedule) = schedule else { return Ok(current) };
        if schedule.scan_is_due(self.poll * POLLS_PER_SCAN) {
            self.scan(&mut schedule)?;
        } else if schedule.polled.is_none_or(|polled| polled.elapsed() >= self.poll) {
            self.poll_running(&mut schedule);
        }
        Ok(self.current())
    }

    /// The run of this name, after another scan if it is unknown and a scan may be made.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn run(&self, name: &str) -> Result<Option<Arc<RunSummary>>> {
        let known = self.snapshot()?.run(name).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let mut schedule = self.locked();
        if schedule.scan_is_due(Duration::ZERO) {
            self.scan(&mut schedule)?;
        }
        Ok(self.current().run(name).cloned())
    }

    /// Makes the next [`Self::snapshot`] scan the whole tree.
    pub fn invalidate(&self) {
        self.locked().scanned = None;
    }

    /// True once the tree has been scanned.
    #[cfg(test)]
    pub fn was_read(&self) -> bool {
        self.current().number > 0
    }

    fn current(&self) -> Arc<Snapshot> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn locked(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scan(&self, schedule: &mut Schedule) -> Result<()> {
        let started = Instant::now();
        let Listing { runs, warning } = self.registry.runs()?;
        schedule.statuses.clear();
        (schedule.scan_took, schedule.scanned) = (started.elapsed(), Some(Instant::now()));
        schedule.polled = schedule.scanned;
        self.replace(runs.into_iter().map(Arc::new).collect(), warning);
        Ok(())
    }

    /// Reads the running runs whose status file has changed or whose process has ended.
    fn poll_running(&self, schedule: &mut Schedule) {
        schedule.polled = Some(Instant::now());
        let current = self.current();
        let mut changes: HashMap<&str, Option<Arc<RunSummary>>> = HashMap::new();
        for run in current.runs.iter().filter(|run| run.state == RunState::Running) {
            let now = self.polled(run, schedule);
            if now.as_ref() != Some(run) {
                changes.insert(&run.name, now);
            }
        }
        if changes.is_empty() {
            return;
        }
        let kept = |run: &Arc<RunSummary>| changes.remove(&*run.name).unwrap_or_else(|| Some(run.clone()));
        let runs = current.runs.iter().filter_map(kept).collect();
        self.replace(runs, current.warning.clone());
    }

    /// A running run as it is now; `None` if its folder is gone.
    fn polled(&self, run: &Arc<RunSummary>, schedule: &mut Schedule) -> Option<Arc<RunSummary>> {
        let folder = self.registry.folder_of(&run.name);
        let stamp = fs::metadata(folder.join("status.json")).ok().map(|file| FileStamp::of(&file));
        let is_new = schedule.statuses.insert(run.name.clone(), stamp) != Some(stamp);
        if stamp.is_none() && !RunSummary::is_run(&folder) {
            return None;
        }
        let mut now = if is_new {
            RunSummary { name: run.name.clone(), ..RunSummary::as_written(&folder) }
        } else {
            (**run).clone()
        };
        now.check_process(&folder);
        Some(Arc::new(now))
    }

    fn replace(&self, runs: Vec<Arc<RunSummary>>, warning: Option<String>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.number == 0 || current.runs != runs || current.warning != warning {
            let number = current.number + 1;
            *current = Arc::new(Snapshot { runs, warning, number });
        }
    }
}

impl Schedule {
    /// True if the last scan was made `interval` ago, and long enough ago for its cost.
    fn scan_is_due(&self, interval: Duration) -> bool {
        let least = interval.max(self.scan_took * SCAN_SHARE);
        self.scanned.is_none_or(|scanned| scanned.elapsed() >= least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_has_just_begun_is_found_by_its_name() {
        let root = tempfile::tempdir().unwrap();
        let live = Live::new(Registry::new(root.path()), Duration::from_secs(60));
        assert_eq!(live.snapshot().unwrap().runs.len(), 0);
        let begun = Instant::now();
        fs::create_dir(root.path().join("new")).unwrap();
        fs::write(root.path().join("new/settings.yaml"), "seed: 3\n").unwrap();
        // Scans take a tenth of the time at most, which is far less than a second here.
        while live.run("new").unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_millis(900), "it was not looked for");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(live.run("other").unwrap().is_none());
    }
}
