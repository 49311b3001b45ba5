//! The foundation of umwelt's other crates: random streams, atomic files, JSON lines, signals, CPU
//! threads and the terminal.

pub mod atomic;
pub mod jsonl;
pub mod random;
pub mod stop;
pub mod terminal;
pub mod threads;
