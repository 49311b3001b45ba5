//! Frozen domains.

use std::ops::Range;

use anyhow::Result;
use tch::{Tensor, no_grad};

use super::{Items, Part};
use crate::runs::Progress;
use crate::worlds::workspace::data::Shape;
use crate::worlds::workspace::data::captions::{Choices, Phrases};

/// Items that are encoded at once.
const CHUNK: usize = 1000;

/// A specialist for one kind of data, frozen and in evaluation mode.
pub trait Domain {
    /// The name in settings and scores: `v`, `attr` or `t`.
    fn name(&self) -> &str;

    /// The parts of a latent.
    fn parts(&self) -> Vec<Part>;

    /// The latents of some items: a tensor `[N, width]` for each part, on the domain's device.
    ///
    /// # Errors
    /// When the data of the items cannot be read.
    fn encode(&self, items: &Items, picked: Range<usize>) -> Result<Vec<Tensor>>;

    /// The data that latents stand for, from a tensor `[N, width]` for each part.
    fn decode(&self, latents: &[Tensor]) -> Decoded;
}

/// Decoded latents.
pub enum Decoded {
    /// Intensities `[N, 3, 32, 32]` in [0, 1].
    Images(Tensor),
    Shapes(Vec<Shape>),
    Sentences(Vec<Sentence>),
    /// Nothing: the latents are imported, and what they stand for is not known.
    Unknown,
}

/// A sentence in parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sentence {
    pub choices: Choices,
    pub phrases: Phrases,
}

/// The latents of all items in a domain, made in chunks: a tensor `[N, width]` for each part, on
/// the domain's device, without gradients.
///
/// # Errors
/// The errors of `progress`; when the data of the items cannot be read.
pub fn encode_all(domain: &dyn Domain, items: &Items, progress: &dyn Progress) -> Result<Vec<Tensor>> {
    let count = items.count();
    let mut parts: Vec<Vec<Tensor>> = domain.parts().iter().map(|_| vec![]).collect();
    for from in (0..count).step_by(CHUNK) {
        progress.update("encoding items", from as u64, count as u64)?;
        let latents = no_grad(|| domain.encode(items, from..count.min(from + CHUNK)))?;
        parts.iter_mut().zip(latents).for_each(|(part, latent)| part.push(latent));
    }
    Ok(parts.iter().map(|chunks| Tensor::cat(chunks, 0)).collect())
}
