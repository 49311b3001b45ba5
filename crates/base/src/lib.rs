//! The foundation of umwelt's other crates: random streams, atomic files, JSON lines, signals, CPU
//! threads and the terminal.

pub mod atomic;
pub mod jsonl;
pub mod random;
pub mod stop;
pub mod terminal;
pub mod threads;

/// A mistake of the user, with a message that says what to do. The command ends with exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UserError(pub String);
