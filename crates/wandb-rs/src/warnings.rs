//! Warnings for the user, each given once.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(crate) struct Warnings {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    told: BTreeSet<String>,
    waiting: Vec<String>,
}

impl Warnings {
    pub fn tell(&self, text: impl std::fmt::Display) {
        let line = text.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut state = lock(&self.state);
        if state.told.insert(line.clone()) {
            state.waiting.push(line);
        }
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).waiting)
    }
}

/// Locks a mutex, even after a panic in another thread: the data behind these locks is consistent
/// between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once_and_on_one_line() {
        let warnings = Warnings::default();
        warnings.tell("no\n  server");
        warnings.tell("no server");
        assert_eq!(warnings.take(), ["no server"]);
        warnings.tell("no server");
        assert!(warnings.take().is_empty());
    }
}
