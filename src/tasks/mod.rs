//! Tasks: what the trainer drives.

mod figures;
mod world_model;

pub use world_model::WorldModelTask;
