//! The attribute domain `attr`: the attributes themselves, or latents of an autoencoder of them.

mod code;
mod settings;
mod vae;

pub use code::AttributeCode;
pub use settings::{AttrSettings, Normalise};
pub use vae::{AttributeVae, LATENT};
