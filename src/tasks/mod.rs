//! Tasks: what the trainer drives.

mod collaboration;
mod figures;
mod metrics;
mod world_model;

pub use collaboration::CollaborationTask;
pub use metrics::{matches, metric_names};
pub use world_model::WorldModelTask;
