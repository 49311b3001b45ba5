//! Sources of trajectories, and the thread that makes them ahead of time.

mod dataset_type;
mod dots;
mod film;
mod noise;
mod normalisation;
mod overlay_projections;
mod prefetch;
mod render;
mod trajectories;
mod trajectory;

pub use dataset_type::DatasetType;
pub use dots::{Dots, DotsSettings, HostTrajectories};
pub use normalisation::Normalisation;
pub use overlay_projections::PROJECTIONS;
pub use prefetch::Prefetch;
pub use render::IMAGE_SIZE;
pub use trajectories::Trajectories;
pub use trajectory::MAX_STEP;

#[cfg(test)]
mod parity;
