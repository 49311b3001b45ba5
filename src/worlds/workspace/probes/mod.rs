//! Probes of what a workspace holds.

mod columns;
mod odd_one_out;
mod partners;
mod settings;
mod triplets;

pub use odd_one_out::odd_one_out;
pub use settings::{OddOneOutSettings, ProbedEncoder};
pub use triplets::{Triplet, triplets};
