//! The worlds: each is one folder with its data, models, evaluation, figures and task.

pub mod collaboration;
pub mod dots;
mod metrics;

pub use metrics::{matches, metric_names};
