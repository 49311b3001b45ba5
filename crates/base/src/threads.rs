//! Numbers of CPU threads: the cores of the machine, the allowed range and the scheduler's limit.

use std::io;
use std::sync::mpsc::channel;
use std::thread::{Builder, available_parallelism};

/// The environment variable by which a machine or scheduler limits the threads of a process.
pub const VARIABLE: &str = "OMP_NUM_THREADS";
/// A number of threads that is allowed on every machine, however few cores it has.
const ALWAYS_ALLOWED: usize = 1024;
/// The most threads for each core of a machine with many cores.
const PER_CORE: usize = 4;

/// The largest number of threads that a setting may ask for on this machine.
pub fn most() -> usize {
    ALWAYS_ALLOWED.max(PER_CORE * cores())
}

/// The number of cores that this process may use.
pub fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Checks that `threads` is from `least` to [`most`].
///
/// # Errors
/// The message names the allowed range and the reason for its upper end.
pub fn check(least: usize, threads: usize) -> Result<(), String> {
    let most = most();
    if (least..=most).contains(&threads) {
        return Ok(());
    }
    let why = format!("{ALWAYS_ALLOWED}, or {PER_CORE} for each core of this machine where that is more");
    Err(format!("must be from {least} to {most} ({why}), but is {threads}"))
}

/// The number of threads that [`VARIABLE`] allows; `None` if it is unset, empty or 0.
///
/// # Errors
/// The value is not a number of threads.
pub fn granted() -> Result<Option<usize>, String> {
    std::env::var_os(VARIABLE).map_or(Ok(None), |value| parse(&value.to_string_lossy()))
}

/// The number of threads in a value of [`VARIABLE`]. OpenMP allows a list with one number for each
/// nested level of threads; the first number is for the outermost level.
fn parse(value: &str) -> Result<Option<usize>, String> {
    let first = value.split(',').next().unwrap_or_default().trim();
    if first.is_empty() {
        return Ok(None);
    }
    let invalid = |reason: String| format!("{VARIABLE}={value}: {reason}");
    let threads: usize =
        first.parse().map_err(|_| invalid(format!("must be a number of threads, but is `{first}`")))?;
    check(0, threads).map_err(invalid)?;
    Ok(Some(threads).filter(|threads| *threads > 0))
}

/// Starts `count` more threads, all alive at once, and ends them again.
///
/// # Errors
/// The system refuses one of them.
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
            assert_eq!(parse(value), Ok(threads), "{value}");
        }
        for value in ["many", "-1", "1.5", "3x", "99999999999999999999"] {
            let expected = format!("OMP_NUM_THREADS={value}: must be a number of threads, but is `{value}`");
            assert_eq!(parse(value).unwrap_err(), expected);
        }
        assert!(parse("99999999").unwrap_err().starts_with("OMP_NUM_THREADS=99999999: must be from 0 to "));
    }

    #[test]
    fn threads_are_tried_all_at_once_and_given_back() {
        try_threads(16).unwrap();
        try_threads(0).unwrap();
    }
}
