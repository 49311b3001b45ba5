//! Sources of trajectories, the thread that makes them ahead of time, and digits.

mod dataset_type;
mod digit_views;
mod digits;
mod dots;
mod film;
pub mod mnist;
mod noise;
mod normalisation;
mod overlay_projections;
mod pictures;
mod prefetch;
mod render;
mod shuffle;
mod trajectories;
mod trajectory;

pub use dataset_type::{DatasetType, Role};
pub use digit_views::{Augmentation, DigitDraw, DigitViews};
pub use digits::Digits;
pub use dots::{Dots, DotsSettings, HostTrajectories};
pub use noise::Overlay;
pub use normalisation::Normalisation;
pub use overlay_projections::PROJECTIONS;
pub use pictures::{Pictures, Split};
pub use prefetch::Prefetch;
pub use render::IMAGE_SIZE;
pub use shuffle::Shuffle;
pub use trajectories::Trajectories;
pub use trajectory::MAX_STEP;

#[cfg(test)]
mod parity;
