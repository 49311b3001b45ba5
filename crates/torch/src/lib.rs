//! Networks, objectives, optimisers, checkpoints and diagnostics on libtorch, with kernels that tch
//! lacks.

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
