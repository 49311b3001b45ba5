//! The kinds of backbone.

use serde::{Deserialize, Serialize};

use super::backbone::pixel;

/// A backbone by its name in the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// Three convolutions, average pool, linear; the paper's backbone.
    Menet5,
    /// Two convolutions with max pooling, two linear layers.
    Lenet5,
    /// Two linear layers.
    Mlp,
    /// The pixels themselves.
    Id,
    /// Four convolutions at full resolution, pooled to 4x4.
    Pixel,
    /// The three convolutions of Atari agents, average pool.
    Canonical,
    /// The residual network of 18 layers.
    Resnet18,
    /// `resnet18` with each block reduced to its skip path.
    #[serde(rename = "resnet18ID")]
    Resnet18Id,
}

impl Arch {
    /// The largest factor on the channels of a backbone.
    pub const MOST_WIDTH: usize = 256;

    /// The name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Menet5 => "menet5",
            Self::Lenet5 => "lenet5",
            Self::Mlp => "mlp",
            Self::Id => "id",
            Self::Pixel => "pixel",
            Self::Canonical => "canonical",
            Self::Resnet18 => "resnet18",
            Self::Resnet18Id => "resnet18ID",
        }
    }

    /// The smallest image side, in pixels, for which every map has at least one pixel; `pixel`
    /// needs as many as it pools to.
    pub fn smallest_side(self) -> i64 {
        match self {
            Self::Menet5 => 5,
            Self::Lenet5 => 16,
            Self::Canonical => 18,
            Self::Pixel => pixel::SIDE,
            Self::Mlp | Self::Id | Self::Resnet18 | Self::Resnet18Id => 1,
        }
    }

    /// Checks that a backbone of this kind takes images of `side` x `side` pixels; the error names
    /// the smallest side.
    pub fn check_side(self, side: i64) -> Result<(), String> {
        let (name, least) = (self.name(), self.smallest_side());
        if side >= least {
            return Ok(());
        }
        let pixels = if least == 1 { "pixel" } else { "pixels" };
        Err(format!("arch {name} takes images of at least {least} {pixels} along each side, not {side}"))
    }

    /// Checks that a backbone of this kind can have `embedding_size` features; the error says which
    /// sizes it can have.
    ///
    /// `canonical` pools 64 channels to r x r; kinds with a size of their own ignore
    /// `embedding_size`.
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
