//! What every other crate of umwelt builds on: random streams, files that are whole or not there,
//! JSON lines, signals, threads and the terminal.

pub mod atomic;
pub mod jsonl;
pub mod random;
pub mod stop;
pub mod terminal;
pub mod threads;
