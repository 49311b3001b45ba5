//! What linear maps read from encodings beside the probes.

use anyhow::Result;
use tch::Tensor;

use super::noise_probe::NoiseProbe;
use super::parts::{PartDiagnostics, PartProbes};
use crate::worlds::dots::data::Dots;
use crate::worlds::dots::models::WorldModel;

/// The stream of the sequences that all maps are solved from.
pub const STREAM: &str = "ridge";

/// Maps from whole encodings to the distractor, and from the parts of a code.
pub struct Content<'a> {
    noise: NoiseProbe<'a>,
    parts: PartProbes<'a>,
}

/// What they find.
#[derive(Default)]
pub struct Found {
    /// R^2 of the noise probe, in worlds with a fixed distractor.
    pub noise_r2: Option<f64>,
    /// What each part of a code holds; empty for a code in one piece.
    pub parts: Vec<PartDiagnostics>,
}

impl<'a> Content<'a> {
    /// Maps for the first `batches` batches of [`STREAM`].
    pub fn new(world: &'a Dots, batches: u64, model: &dyn WorldModel) -> Self {
        let device = model.parameters().device();
        let noise = NoiseProbe::new(world, STREAM, batches, model.embedding(), device);
        Self { noise, parts: PartProbes::new(world, STREAM, batches, model) }
    }

    /// Adds the encodings `[B, D]` of the first frames of batch `index`, and the places of dots
    /// there, `[B, dots, 2]`.
    ///
    /// # Errors
    /// When libtorch cannot copy the distractor's projections to the device.
    pub fn add(&mut self, index: u64, encodings: &Tensor, places: &Tensor) -> Result<()> {
        self.noise.add(index, encodings)?;
        self.parts.add(index, encodings, places)
    }

    /// # Errors
    /// When the encodings are not finite.
    pub fn solve(self) -> Result<Found> {
        Ok(Found { noise_r2: self.noise.r2()?, parts: self.parts.solve()? })
    }
}
