//! Domains: frozen specialists whose latents the workspace aligns and translates.

mod part;

pub use part::{Activation, Part, PartLoss};
