//! Weightless agents: digits learnt into tables, judged by a learning curve beside baselines.
//!
//! The agents themselves are in the crate `umwelt-weightless`. This world is their runs: the
//! learning curve, what learning costs, and what later learning does to earlier.

mod confusion;
mod cost;
mod curve;
mod drawings;
mod figures;
mod fonts;
mod forgetting;
mod job;
mod mistakes;
mod pictures;
mod report;
mod settings;
mod trainer;
mod units;
mod wrong_labels;

pub use drawings::drawing;
pub use settings::{Kind, ModelType, Sampling, Settings, Source, WeightlessSettings};
