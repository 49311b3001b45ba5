//! Layers and networks with PyTorch's initialisation (tch's own differs).

mod arch;
mod backbone;
mod heads;
mod layers;
mod mlp;
mod parameters;
mod precision;
mod predictor;

pub use arch::Arch;
pub use backbone::{Backbone, BackboneShape};
pub use heads::{ActionHead, Projector};
pub use layers::{BatchNorm, Conv2d, Gru, Linear};
pub use mlp::{Mlp, layer_sizes};
pub use parameters::{Parameters, Scope};
pub use precision::Precision;
pub use predictor::Predictor;

/// Whether normalisation layers learn from the batch or use what they have learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Train,
    Evaluate,
}
