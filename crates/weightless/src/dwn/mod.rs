//! `kind: dwn`: lookup tables that are trained by gradients.
//!
//! Bacellar et al., *Differentiable Weightless Neural Networks* (arXiv 2410.11112).

mod difference;
mod layer;
mod mapping;
mod network;
mod settings;
mod spectrum;

pub use difference::Kernel;
pub use layer::{Layer, LayerGradients, Passed};
pub use mapping::{Lanes, Scores};
pub use network::{Gradients, Network, Optimiser};
pub use settings::{DwnSettings, FiniteDifference, Reduction, Wiring};
pub use spectrum::spectrum;

use crate::Digit;
use crate::bits::Encoder;
use crate::trained::{Trained, Varying};

/// Trained tables that go on learning.
pub type Dwn = Trained<Network>;

impl Dwn {
    /// Random tables. `images` are the training pictures: bits that hardly vary among them are not
    /// read.
    ///
    /// # Errors
    /// When a setting is out of range, or no bit varies.
    pub fn random(
        settings: &DwnSettings,
        encoder: &Encoder,
        images: &[Digit],
        classes: usize,
        seed: u64,
    ) -> Result<Self, String> {
        settings.check(classes)?;
        let varying = Varying::of(encoder, images)?;
        let network = Network::random(settings, varying.kept().len(), classes, seed);
        Ok(Self::new(settings.plan(), network, varying, classes, seed))
    }
}
