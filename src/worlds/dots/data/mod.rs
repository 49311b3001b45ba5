//! The world of moving dots: trajectories, images, distractors and units.

mod dataset_type;
mod distractor;
mod distractor_projections;
mod dots;
mod normalisation;
mod path;
mod render;
mod sequence_renderer;
mod settings;
mod trajectories;

#[cfg(test)]
mod parity;

pub use dataset_type::{DatasetType, Role};
pub use distractor::Distractor;
pub use distractor_projections::PROJECTIONS;
pub use dots::{Dots, HostTrajectories};
pub use normalisation::Normalisation;
pub use path::MAX_STEP;
pub use settings::DotsSettings;
pub use trajectories::Trajectories;
