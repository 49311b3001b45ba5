//! Moving dots: world models that learn to follow a dot under noise (Sobal et al., arXiv
//! 2211.10831).

pub mod data;
pub mod evaluation;
mod figures;
pub mod models;
#[cfg(feature = "serve")]
mod room;
mod settings;
mod task;

pub use settings::{ModelType, Settings};
pub use task::WorldModelTask;
