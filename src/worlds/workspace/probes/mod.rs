//! Probes of what a workspace holds.

mod columns;
mod partners;
mod triplets;

pub use triplets::{Triplet, triplets};
