//! The vision domain `v`: a variational autoencoder of images.

mod decoder;
mod domain;
mod encoder;
mod evaluation;
mod figures;
mod settings;
mod task;
mod vae;

pub use domain::VisionDomain;
pub use evaluation::VisionScores;
pub use figures::{plane_figure, row};
pub use settings::{PixelSpread, VisionSettings};
pub use task::VisionTask;
pub use vae::VisionVae;
