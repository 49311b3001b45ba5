//! A global workspace: pictures, attributes and captions of simple shapes share one small code.
//!
//! The science is of Devillers, Maytié and VanRullen, *Semi-supervised multimodal representation
//! learning through a global workspace* (arXiv 2306.15711).

pub mod alignment;
pub mod data;
pub mod domains;
pub mod evaluation;
mod figures;
pub mod models;
pub mod probes;
#[cfg(feature = "serve")]
mod room;
mod settings;
mod task;

pub use settings::Settings;
