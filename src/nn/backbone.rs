//! Backbones: from an image to its encoding (jepa.md's table; Sobal et al. 2022, appendix).

use anyhow::{Result, bail};
use tch::Tensor;

use super::{Arch, BatchNorm, Conv2d, Linear, Mlp, Mode, Scope, channels_last, layer_sizes};

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
    /// When `arch` is not built yet, or the MLP's sizes cannot be read.
    pub fn new(scope: &Scope, shape: &BackboneShape) -> Result<Self> {
        let Some(sizes) = shape.mlp else {
            let (trunk, embedding) = Trunk::new(scope, shape)?;
            return Ok(Self { trunk, mlp: None, embedding });
        };
        let (trunk, embedding) = Trunk::new(&scope.sub(0), shape)?;
        let sizes = [vec![embedding], layer_sizes(sizes).map_err(anyhow::Error::msg)?].concat();
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
        let (pixels, size) = (shape.channels * PIXELS, shape.embedding_size);
        Ok(match shape.arch {
            Arch::Menet5 => (Self::Menet5(Menet5::new(scope, shape)), size),
            Arch::Lenet5 => (Self::Lenet5(Lenet5::new(scope, shape.channels)), 128),
            Arch::Mlp => {
                let fc1 = Linear::new(&scope.sub("fc1"), pixels, size);
                (Self::Mlp { fc1, fc2: Linear::new(&scope.sub("fc2"), size, size) }, size)
            }
            Arch::Id => (Self::Identity, pixels),
            Arch::Pixel | Arch::Canonical | Arch::Resnet18 | Arch::Resnet18Id => {
                bail!("this backbone is not built yet; choose menet5, lenet5, mlp or id")
            }
        })
    }

    fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        match self {
            Self::Menet5(net) => net.forward(images, mode),
            Self::Lenet5(net) => net.forward(images, mode),
            Self::Mlp { fc1, fc2 } => fc2.forward(&fc1.forward(&images.flatten(1, -1)).relu()),
            Self::Identity => images.flatten(1, -1),
        }
    }
}

/// Three convolutions to 7x7, each followed by ReLU and then batch normalisation, a pool to 3x3 and a linear layer.
struct Menet5 {
    layers: [(Conv2d, BatchNorm); 3],
    fc: Linear,
}

impl Menet5 {
    fn new(scope: &Scope, shape: &BackboneShape) -> Self {
        let (narrow, wide) = (16 * shape.width, 32 * shape.width);
        let layer = |place: i64, inputs, outputs, kernel, stride| {
            let at = scope.sub("layer1");
            let conv = Conv2d::new(&at.sub(place), inputs, outputs, kernel, stride, kernel / 2);
            (conv, BatchNorm::new(&at.sub(place + 2), outputs))
        };
        Self {
            layers: [
                layer(0, shape.channels, narrow, 5, 2),
                layer(3, narrow, wide, 5, 2),
                layer(6, wide, wide, 3, 1),
            ],
            fc: Linear::new(&scope.sub("fc"), 9 * wide, shape.embedding_size),
        }
    }

    fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let layer = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| norm.after_relu(&conv.forward(&x), mode);
        let maps = self.layers.iter().fold(channels_last(images), layer);
        self.fc.forward_maps(&maps.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None))
    }
}

/// LeNet-5 (LeCun et al. 1998) with batch normalisation and ReLU.
struct Lenet5 {
    layers: [(Conv2d, BatchNorm); 2],
    fc: Linear,
    fc1: Linear,
}

impl Lenet5 {
    fn new(scope: &Scope, channels: i64) -> Self {
        let layer = |name: &str, inputs, outputs| {
            let at = scope.sub(name);
            (Conv2d::new(&at.sub(0), inputs, outputs, 5, 1, 0), BatchNorm::new(&at.sub(1), outputs))
        };
        Self {
            layers: [layer("layer1", channels, 6), layer("layer2", 6, 16)],
            fc: Linear::new(&scope.sub("fc"), 256, 128),
            fc1: Linear::new(&scope.sub("fc1"), 128, 128),
        }
    }

    fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let layer = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| {
            norm.forward(&conv.forward(&x), mode).relu().max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
        };
        let maps = self.layers.iter().fold(images.shallow_clone(), layer);
        self.fc1.forward(&self.fc.forward(&maps.flatten(1, -1)).relu())
    }
}
