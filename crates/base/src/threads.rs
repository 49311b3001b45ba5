//! How many CPU threads there are to compute on.

use std::io;
use std::sync::mpsc::channel;
use std::thread::{Builder, available_parallelism};

/// The environment variable by which a machine or scheduler says how many threads a process may use.
pub const VARIABLE: &str = "OMP_NUM_THREADS";
/// No machine is refused so many threads, however few cores it has.
const ALWAYS: usize = 1024;
const PER_CORE: usize = 4;

/// The most threads that make sense here.
pub fn most() -> usize {
    ALWAYS.max(PER_CORE * cores())
}

/// The cores that this process may use.
pub fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Refuses a number of threads below `least` or above [`most`].
///
/// # Errors
/// What is allowed.
pub fn check(least: usize, threads: usize) -> Result<(), String> {
    let most = most();
    if (least..=most).contains(&threads) {
        return Ok(());
    }
    let why = format!("{ALWAYS}, or {PER_CORE} for each core of this machine where that is more");
    Err(format!("must be from {least} to {most} ({why}), but is {threads}"))
}

/// The threads that [`VARIABLE`] grants; none where it is not set, empty or 0.
///
/// # Errors
/// A value that is no number of threads.
pub fn granted() -> Result<Option<usize>, String> {
    std::env::var_os(VARIABLE).map_or(Ok(None), |value| read(&value.to_string_lossy()))
}

/// The first number of a list is that of the outermost level of threads, as OpenMP has it.
fn read(value: &str) -> Result<Option<usize>, String> {
    let first = value.split(',').next().unwrap_or_default().trim();
    if first.is_empty() {
        return Ok(None);
    }
    let refused = |reason: String| format!("{VARIABLE}={value}: {reason}");
    let threads: usize =
        first.parse().map_err(|_| refused(format!("must be a number of threads, but is `{first}`")))?;
    check(0, threads).map_err(refused)?;
    Ok(Some(threads).filter(|threads| *threads > 0))
}

/// Whether the system gives so many threads more, all at once.
pub fn try_threads(count: usize) -> io::Result<()> {
    let mut waiting = Vec::with_capacity(count);
    let started: io::Result<()> = (0..count).try_for_each(|_| {
        let (sender, receiver) = channel::<()>();
        let thread = Builder::new().name("trial".into()).spawn(move || receiver.recv().is_ok())?;
        waiting.push((sender, thread));
        Ok(())
    });
    for (sender, thread) in waiting {
        drop(sender);
        let _ = thread.join();
    }
    started
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_threads_is_at_most_what_makes_sense() {
        assert!(most() >= 1024 && most() >= 4 * cores());
        assert_eq!((check(0, 0), check(1, 1), check(1, most())), (Ok(()), Ok(()), Ok(())));
        let refused = check(1, most() + 1).unwrap_err();
        let expected = format!("must be from 1 to {} (1024, or 4 for each core", most());
        assert!(
            refused.starts_with(&expected) && refused.ends_with(&format!("but is {}", most() + 1)),
            "{refused}"
        );
        assert!(check(1, 0).is_err() && check(0, usize::MAX).is_err());
    }

    #[test]
    fn the_variable_is_read_as_openmp_reads_it() {
        for (value, threads) in [("3", Some(3)), (" 3 ", Some(3)), ("3,2", Some(3)), ("", None), ("0", None)]
        {
            assert_eq!(read(value), Ok(threads), "{value}");
        }
        for value in ["many", "-1", "1.5", "3x", "99999999999999999999"] {
            let expected = format!("OMP_NUM_THREADS={value}: must be a number of threads, but is `{value}`");
            assert_eq!(read(value).unwrap_err(), expected);
        }
        assert!(read("99999999").unwrap_err().starts_with("OMP_NUM_THREADS=99999999: must be from 0 to "));
    }

    #[test]
    fn threads_are_tried_all_at_once_and_given_back() {
        try_threads(16).unwrap();
        try_threads(0).unwrap();
    }
}
