//! Tasks: what the trainer drives.

mod collaboration;
mod figures;
mod world_model;

pub use collaboration::CollaborationTask;
pub use world_model::WorldModelTask;
