//! umwelt trains and judges small learned worlds.
//!
//! Data flows down this list once and never back; a module may use those above it, never those below.

pub mod atomic;
pub mod jsonl;
pub mod native;
pub mod random;
pub mod settings;
pub mod terminal;
pub mod threads;

pub mod cli;
pub mod data;
pub mod evaluation;
pub mod models;
pub mod nn;
pub mod objectives;
pub mod optim;
pub mod registry;
pub mod reports;
pub mod runs;
pub mod schema;
pub mod sweeps;
pub mod tasks;
pub mod training;
