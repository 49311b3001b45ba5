//! Sources of trajectories, and the thread that makes them ahead of time.

mod dataset_type;
mod dots;
mod film;
mod noise;
mod normalisation;
mod overlay_projections;
mod pictures;
mod prefetch;
mod render;
mod trajectories;
mod trajectory;

pub use dataset_type::{DatasetType, Role};
pub use dots::{Dots, DotsSettings, HostTrajectories};
pub use noise::Overlay;
pub use normalisation::Normalisation;
pub use overlay_projections::PROJECTIONS;
pub use pictures::{Pictures, Split};
pub use prefetch::Prefetch;
pub use render::IMAGE_SIZE;
pub use trajectories::Trajectories;
pub use trajectory::MAX_STEP;

#[cfg(test)]
mod parity;
