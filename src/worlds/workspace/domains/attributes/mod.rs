//! The attribute domain `attr`: the attributes themselves, or latents of an autoencoder of them.

mod code;
mod domain;
mod settings;
mod task;
mod vae;

pub use code::AttributeCode;
pub use domain::AttributeDomain;
pub use settings::{AttrSettings, Normalise};
pub use task::AttributeTask;
pub use vae::{AttributeVae, LATENT};
