//! Domains: frozen specialists whose latents the workspace aligns and translates.

pub mod attributes;
mod domain;
mod imported;
mod items;
mod part;
mod posterior;
pub mod text;
pub mod vision;

pub use domain::{Decoded, Domain, Sentence, encode_all};
pub use imported::ImportedDomain;
pub use items::Items;
pub use part::{Activation, Part, PartLoss};
pub use posterior::{Posterior, noise, warmed_up};

#[cfg(test)]
mod tests;
