//! `kind: dwn`: lookup tables that are trained by gradients.
//!
//! Bacellar et al., *Differentiable Weightless Neural Networks* (arXiv 2410.11112).

mod difference;
mod finished;
mod layer;
mod learner;
mod mapping;
mod network;
mod settings;
mod spectrum;

pub use crate::adam::Factors;
pub use difference::Kernel;
pub use finished::{BitTables, Finished};
pub use layer::{Layer, LayerGradients, Passed};
pub use learner::Dwn;
pub use mapping::Scores;
pub use network::{Gradients, Network, Optimiser, Rule};
pub use settings::{DwnSettings, FiniteDifference, Reduction, Wiring};
pub use spectrum::spectrum;
