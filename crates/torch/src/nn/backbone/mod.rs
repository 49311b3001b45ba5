//! Backbones: image encoders (docs/networks.md; Sobal et al., arXiv 2211.10831, appendix).

mod canonical;
mod lenet5;
pub(super) mod menet5;
pub(super) mod pixel;
mod resnet;

use anyhow::{Error, Result};
use tch::Tensor;

use self::{canonical::Canonical, lenet5::Lenet5, menet5::Menet5, pixel::Pixel, resnet::Resnet18};
use super::{Arch, Linear, Mlp, Mode, Scope, layer_sizes};

/// An image encoder: a trunk and an optional MLP after it.
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

/// The configuration of a backbone.
#[derive(Clone, Copy, Debug)]
pub struct BackboneShape<'a> {
    pub arch: Arch,
    /// C, the channels of an image: 1 for grey, 3 for RGB.
    pub channels: i64,
    /// Pixels along each side of an image.
    pub side: i64,
    /// Factor on the channels of `menet5`; other kinds ignore it.
    pub width: i64,
    /// D for `menet5`, `canonical` and `mlp`; other kinds have a size of their own.
    pub embedding_size: i64,
    /// Layer sizes of an MLP after the trunk, such as `512-256`.
    pub mlp: Option<&'a str>,
}

impl BackboneShape<'_> {
    fn check(&self) -> Result<()> {
        self.arch.check_side(self.side).map_err(Error::msg)?;
        let size = self.arch.check_embedding_size(self.embedding_size as usize);
        size.map_err(|reason| Error::msg(format!("embedding_size {reason}")))
    }
}

impl Backbone {
    /// # Errors
    /// When `arch` cannot take this image side or embedding size, or the MLP's sizes cannot be
    /// read.
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

    /// D, the features of an encoding.
    pub fn embedding(&self) -> i64 {
        self.embedding
    }

    /// `[N, C, side, side]` -> `[N, D]`
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let trunk = self.trunk.forward(images, mode);
        match &self.mlp {
            Some(mlp) => mlp.forward(&trunk, mode),
            None => trunk,
        }
    }
}

impl Trunk {
    /// The trunk and its number of output features.
    fn new(scope: &Scope, shape: &BackboneShape) -> Result<(Self, i64)> {
        shape.check()?;
        let (pixels, size) = (shape.channels * shape.side * shape.side, shape.embedding_size);
        Ok(match shape.arch {
            Arch::Menet5 => (Self::Menet5(Menet5::new(scope, shape)), size),
            Arch::Lenet5 => (Self::Lenet5(Lenet5::new(scope, shape)), lenet5::FEATURES),
            Arch::Canonical => (Self::Canonical(Canonical::new(scope, shape)), size),
            Arch::Pixel => (Self::Pixel(Pixel::new(scope, shape.channels)), pixel::FEATURES),
            Arch::Resnet18 => {
                (Self::Resnet18(Box::new(Resnet18::new(scope, shape.channels))), resnet::FEATURES)
            }
            Arch::Resnet18Id => {
                (Self::Resnet18(Box::new(Resnet18::of_skips(scope, shape.channels))), resnet::FEATURES)
            }
            Arch::Mlp => {
                let fc1 = Linear::new(&scope.sub("fc1"), pixels, size);
                (Self::Mlp { fc1, fc2: Linear::new(&scope.sub("fc2"), size, size) }, size)
            }
            Arch::Id => (Self::Identity, pixels),
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

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    fn shape(arch: Arch, side: i64) -> BackboneShape<'static> {
        BackboneShape { arch, channels: 3, side, width: 1, embedding_size: 64, mlp: None }
    }

    #[test]
    fn every_backbone_encodes_rgb_images_of_32_pixels_and_of_its_smallest_side() {
        for (arch, features) in [
            (Arch::Menet5, |_| 64),
            (Arch::Lenet5, |_| 128),
            (Arch::Mlp, |_| 64),
            (Arch::Id, |side| 3 * side * side),
            (Arch::Pixel, |_| 512),
            (Arch::Canonical, |_| 64),
            (Arch::Resnet18, |_| 512),
            (Arch::Resnet18Id, |_| 512),
        ] as [(Arch, fn(i64) -> i64); 8]
        {
            for side in [32, arch.smallest_side()] {
                let parameters = Parameters::new(Device::Cpu, 0);
                let backbone = Backbone::new(&parameters.root(), &shape(arch, side)).unwrap();
                let encodings = backbone.forward(&Draws::new(0).floats([4, 3, side, side]), Mode::Train);
                assert_eq!(encodings.size(), [4, features(side)], "{arch:?} of side {side}");
                assert_eq!(backbone.embedding(), features(side));
            }
        }
    }

    #[test]
    fn a_side_that_is_too_small_is_refused_with_the_smallest_one() {
        let error = |arch, side| {
            let parameters = Parameters::new(Device::Cpu, 0);
            Backbone::new(&parameters.root(), &shape(arch, side)).err().expect("refused").to_string()
        };
        assert_eq!(
            error(Arch::Lenet5, 15),
            "arch lenet5 takes images of at least 16 pixels along each side, not 15"
        );
        assert_eq!(
            error(Arch::Resnet18Id, 0),
            "arch resnet18ID takes images of at least 1 pixel along each side, not 0"
        );
        for arch in [Arch::Menet5, Arch::Canonical, Arch::Pixel, Arch::Mlp, Arch::Id] {
            assert!(error(arch, arch.smallest_side() - 1).contains("takes images of at least"));
        }
    }
}
