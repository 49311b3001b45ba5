//! Backbones: from an image to its encoding (docs/networks.md; Sobal et al., arXiv 2211.10831, appendix).

mod canonical;
mod lenet5;
mod menet5;
mod pixel;
mod resnet;

use anyhow::{Error, Result};
use tch::Tensor;

use self::{canonical::Canonical, lenet5::Lenet5, menet5::Menet5, pixel::Pixel, resnet::Resnet18};
use super::{Arch, Linear, Mlp, Mode, Scope, layer_sizes};

const PIXELS: i64 = 28 * 28;

/// An image encoder: a trunk, and an MLP after it where the settings ask for one.
pub struct Backbone {
    trunk: Trunk,
    mlp: Option<Mlp>,
    embedding: i64,
}

enum Trunk {
    Menet5(Menet5),
    Lenet5(Lenet5),
    Canonical(Canonical),
    Pixel(Pixel),
    Resnet18(Box<Resnet18>),
    Mlp { fc1: Linear, fc2: Linear },
    Identity,
}

/// What a backbone is built from.
#[derive(Clone, Copy, Debug)]
pub struct BackboneShape<'a> {
    pub arch: Arch,
    pub channels: i64,
    pub width: i64,
    pub embedding_size: i64,
    pub mlp: Option<&'a str>,
}

impl Backbone {
    /// # Errors
    /// When `arch` cannot have this embedding size, or the MLP's sizes cannot be read.
    pub fn new(scope: &Scope, shape: &BackboneShape) -> Result<Self> {
        let Some(sizes) = shape.mlp else {
            let (trunk, embedding) = Trunk::new(scope, shape)?;
            return Ok(Self { trunk, mlp: None, embedding });
        };
        let (trunk, embedding) = Trunk::new(&scope.sub(0), shape)?;
        let sizes = [vec![embedding], layer_sizes(sizes).map_err(Error::msg)?].concat();
        let mlp = Mlp::new(&scope.sub(1).sub("model"), &sizes);
        Ok(Self { trunk, mlp: Some(mlp), embedding: sizes[sizes.len() - 1] })
    }

    /// Features of an encoding.
    pub fn embedding(&self) -> i64 {
        self.embedding
    }

    /// `[N, C, 28, 28]` -> `[N, D]`
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let trunk = self.trunk.forward(images, mode);
        match &self.mlp {
            Some(mlp) => mlp.forward(&trunk, mode),
            None => trunk,
        }
    }
}

impl Trunk {
    fn new(scope: &Scope, shape: &BackboneShape) -> Result<(Self, i64)> {
        let (channels, size) = (shape.channels, shape.embedding_size);
        shape
            .arch
            .check_embedding_size(size as usize)
            .map_err(|reason| Error::msg(format!("embedding_size {reason}")))?;
        Ok(match shape.arch {
            Arch::Menet5 => (Self::Menet5(Menet5::new(scope, shape)), size),
            Arch::Lenet5 => (Self::Lenet5(Lenet5::new(scope, channels)), 128),
            Arch::Canonical => (Self::Canonical(Canonical::new(scope, channels, size)), size),
            Arch::Pixel => (Self::Pixel(Pixel::new(scope, channels)), pixel::FEATURES),
            Arch::Resnet18 => (Self::Resnet18(Box::new(Resnet18::new(scope, channels))), resnet::FEATURES),
            Arch::Resnet18Id => {
                (Self::Resnet18(Box::new(Resnet18::of_skips(scope, channels))), resnet::FEATURES)
            }
            Arch::Mlp => {
                let fc1 = Linear::new(&scope.sub("fc1"), channels * PIXELS, size);
                (Self::Mlp { fc1, fc2: Linear::new(&scope.sub("fc2"), size, size) }, size)
            }
            Arch::Id => (Self::Identity, channels * PIXELS),
        })
    }

    fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        match self {
            Self::Menet5(net) => net.forward(images, mode),
            Self::Lenet5(net) => net.forward(images, mode),
            Self::Canonical(net) => net.forward(images),
            Self::Pixel(net) => net.forward(images, mode),
            Self::Resnet18(net) => net.forward(images, mode),
            Self::Mlp { fc1, fc2 } => fc2.forward(&fc1.forward(&images.flatten(1, -1)).relu()),
            Self::Identity => images.flatten(1, -1),
        }
    }
}
