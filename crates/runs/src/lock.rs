//! Locks of files, each held by one process.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest time that a look at a lock may keep it. [`is_held`] takes microseconds, but its
/// process can be stopped in the middle on a busy machine.
const LOOK: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Locks `file` until it is closed. False if another process holds the lock. True without a lock on
/// network file systems that have none.
pub fn take(file: &File) -> bool {
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if is_looked_at(file) && started.elapsed() < LOOK => {
                sleep(POLL_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => return false,
            Ok(()) | Err(TryLockError::Error(_)) => return true,
        }
    }
}

/// True if nobody holds the lock for longer than a look takes: then a second look is possible.
fn is_looked_at(file: &File) -> bool {
    let free = file.try_lock_shared().is_ok();
    if free {
        let _ = file.unlock();
    }
    free
}

/// True if a process holds the lock `file`.
pub fn is_held(file: &Path) -> bool {
    File::open(file).is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_lock_is_taken_after_a_look_at_it_but_not_from_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let open =
            || File::options().create(true).truncate(false).write(true).read(true).open(&path).unwrap();
        let (looking, wanting) = (open(), open());
        looking.lock_shared().unwrap();
        let look = thread::spawn(move || {
            sleep(Duration::from_millis(100));
            looking.unlock().unwrap();
        });
        assert!(take(&wanting), "it is only looked at");
        look.join().unwrap();
        let started = Instant::now();
        assert!(is_held(&path) && !take(&open()));
        assert!(started.elapsed() < LOOK, "a holder is no look");
    }
}
