//! Probes of what a workspace holds.

mod columns;
mod partners;
mod settings;
mod triplets;

pub use settings::{OddOneOutSettings, ProbedEncoder};
pub use triplets::{Triplet, triplets};
