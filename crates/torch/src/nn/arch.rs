//! Which backbone turns an image into an encoding.

use serde::{Deserialize, Serialize};

/// A backbone by its name in the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// Three convolutions, average pool, linear; the paper's.
    Menet5,
    /// Two convolutions with max pooling, two linear layers.
    Lenet5,
    /// Two linear layers.
    Mlp,
    /// The pixels themselves.
    Id,
    /// Four convolutions at full resolution, pooled to 4x4.
    Pixel,
    /// The three convolutions known from Atari agents.
    Canonical,
    /// The usual one.
    Resnet18,
    /// `resnet18` with each block reduced to its skip path.
    #[serde(rename = "resnet18ID")]
    Resnet18Id,
}

impl Arch {
    /// The largest factor on the channels of a backbone.
    pub const MOST_WIDTH: usize = 256;

    /// Whether a backbone of this kind can have `embedding_size` features; the error says which it can have.
    ///
    /// `canonical` pools 64 channels to r x r; kinds with a size of their own ignore `embedding_size`.
    pub fn check_embedding_size(self, embedding_size: usize) -> Result<(), String> {
        let side = (embedding_size / 64).isqrt();
        if self != Self::Canonical || (side > 0 && 64 * side * side == embedding_size) {
            return Ok(());
        }
        Err(format!(
            "must be 64 times a square (64, 256, 576, ...) with arch canonical, but is {embedding_size}"
        ))
    }
}
