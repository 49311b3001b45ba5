//! What umwelt computes with, on libtorch: networks, objectives, optimisers, checkpoints, measures of
//! encodings, and the kernels that tch leaves out.

pub mod checkpoints;
pub mod diagnostics;
#[cfg(test)]
mod draws;
pub mod native;
pub mod nn;
pub mod objectives;
pub mod optim;
mod ridge;
pub mod threads;

pub use ridge::NormalEquations;
