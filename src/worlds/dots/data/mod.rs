//! Trajectories of moving dots, their overlays and units.

mod dataset_type;
mod dots;
mod film;
mod noise;
mod normalisation;
mod overlay_projections;
mod render;
mod trajectories;
mod trajectory;

#[cfg(test)]
mod parity;

pub use dataset_type::{DatasetType, Role};
pub use dots::{Dots, DotsSettings, HostTrajectories};
pub use noise::Overlay;
pub use normalisation::Normalisation;
pub use overlay_projections::PROJECTIONS;
pub use trajectories::Trajectories;
pub use trajectory::MAX_STEP;
