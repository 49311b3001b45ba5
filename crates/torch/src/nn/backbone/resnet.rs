//! ResNet-18 (He et al., arXiv 1512.03385), whole or reduced to its skip paths.

use tch::Tensor;

use crate::nn::{BatchNorm, Conv2d, Mode, Scope, channels_last};

/// D, the features of an encoding.
pub const FEATURES: i64 = 512;
const STEM: i64 = 64;
/// Channels and first stride of the four stages, each of two blocks.
const STAGES: [(i64, i64); 4] = [(STEM, 1), (128, 2), (256, 2), (FEATURES, 2)];

/// A 7x7 convolution and a 3x3 max pool, each of stride 2, eight blocks and an average pool to 1x1.
pub struct Resnet18 {
    conv1: Conv2d,
    bn1: BatchNorm,
    blocks: Vec<Block>,
}

impl Resnet18 {
    pub fn new(scope: &Scope, channels: i64) -> Self {
        Self::of(scope, channels, Block::new)
    }

    /// The network with every block reduced to its skip path and ReLU.
    pub fn of_skips(scope: &Scope, channels: i64) -> Self {
        Self::of(scope, channels, Block::skip_only)
    }

    fn of(scope: &Scope, channels: i64, block: fn(&Scope, i64, i64, i64) -> Block) -> Self {
        let mut inputs = STEM;
        let mut stage = |(s, (outputs, stride)): (usize, (i64, i64))| {
            let at = scope.sub(format!("layer{}", s + 1));
            let blocks = [block(&at.sub(0), inputs, outputs, stride), block(&at.sub(1), outputs, outputs, 1)];
            inputs = outputs;
            blocks
        };
        Self {
            conv1: Conv2d::kaiming(&scope.sub("conv1"), channels, STEM, 7, 2),
            bn1: BatchNorm::new(&scope.sub("bn1"), STEM),
            blocks: STAGES.into_iter().enumerate().flat_map(&mut stage).collect(),
        }
    }

    /// `[N, C, side, side]` -> `[N, 512]`
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let stem = self.bn1.forward(&self.conv1.forward(&channels_last(images)), mode).relu();
        let pooled = stem.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false);
        let maps = self.blocks.iter().fold(pooled, |x, block| block.forward(&x, mode));
        maps.adaptive_avg_pool2d([1, 1]).flatten(1, -1)
    }
}

/// `relu(residue(x) + skip(x))`
struct Block {
    residue: Option<Residue>,
    /// The skip path of a block that changes the shape; elsewhere it is the identity.
    downsample: Option<(Conv2d, BatchNorm)>,
}

/// Two 3x3 convolutions with batch normalisation.
struct Residue {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
}

impl Block {
    fn new(scope: &Scope, inputs: i64, outputs: i64, stride: i64) -> Self {
        let residue = Residue {
            conv1: Conv2d::kaiming(&scope.sub("conv1"), inputs, outputs, 3, stride),
            bn1: BatchNorm::new(&scope.sub("bn1"), outputs),
            conv2: Conv2d::kaiming(&scope.sub("conv2"), outputs, outputs, 3, 1),
            // A scale of 0 makes a new block its skip path (Goyal et al., arXiv 1706.02677, 5.1).
            bn2: BatchNorm::starting_at(&scope.sub("bn2"), outputs, 0.0),
        };
        Self { residue: Some(residue), ..Self::skip_only(scope, inputs, outputs, stride) }
    }

    fn skip_only(scope: &Scope, inputs: i64, outputs: i64, stride: i64) -> Self {
        let at = scope.sub("downsample");
        let downsample = (inputs != outputs || stride != 1).then(|| {
            (Conv2d::kaiming(&at.sub(0), inputs, outputs, 1, stride), BatchNorm::new(&at.sub(1), outputs))
        });
        Self { residue: None, downsample }
    }

    /// `[N, inputs, H, W]` -> `[N, outputs, H / stride, W / stride]`
    fn forward(&self, x: &Tensor, mode: Mode) -> Tensor {
        let skip = match &self.downsample {
            Some((conv, norm)) => norm.forward(&conv.forward(x), mode),
            None => x.shallow_clone(),
        };
        match &self.residue {
            Some(residue) => (residue.forward(x, mode) + skip).relu(),
            None => skip.relu(),
        }
    }
}

impl Residue {
    fn forward(&self, x: &Tensor, mode: Mode) -> Tensor {
        let hidden = self.bn1.forward(&self.conv1.forward(x), mode).relu();
        self.bn2.forward(&self.conv2.forward(&hidden), mode)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tch::{Device, Kind};

    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    fn images() -> Tensor {
        let draws = Draws::new(6);
        draws.floats([4, 1, 28, 28])
    }

    fn largest(x: &Tensor) -> f64 {
        x.abs().max().double_value(&[])
    }

    #[test]
    fn skip_paths_alone_are_three_strided_products_between_the_stem_and_the_mean() {
        let parameters = Parameters::new(Device::Cpu, 0);
        let net = Resnet18::of_skips(&parameters.root(), 1);
        let named: HashMap<String, Tensor> = parameters.named().into_iter().collect();
        let normalised = 1.0 / (1.0f64 + 1e-5).sqrt();
        let padded = images().constant_pad_nd([3, 3, 3, 3]);
        let stem = padded.conv2d(&named["conv1.weight"], None::<Tensor>, [2, 2], [0, 0], [1, 1], 1);
        let mut maps = (stem * normalised).relu().max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false);
        for stage in 2..=4 {
            let weight = named[&format!("layer{stage}.0.downsample.0.weight")].flatten(1, -1);
            let every_other = maps.slice(2, 0, None, 2).slice(3, 0, None, 2);
            maps = (Tensor::einsum("oi,nihw->nohw", &[weight, every_other], None::<i64>) * normalised).relu();
        }
        let features = net.forward(&images(), Mode::Evaluate);
        assert_eq!(features.size(), [4, 512]);
        let expected = maps.mean_dim([2i64, 3].as_slice(), false, Kind::Float);
        assert!(largest(&(&features - &expected)) < 1e-5 * largest(&expected));
    }

    #[test]
    fn a_new_resnet_is_its_skip_paths_until_a_block_weighs_its_residue() {
        let [all, skips] = [Parameters::new(Device::Cpu, 0), Parameters::new(Device::Cpu, 0)];
        let (net, of_skips) = (Resnet18::new(&all.root(), 1), Resnet18::of_skips(&skips.root(), 1));
        let difference = || {
            let forward = |net: &Resnet18| net.forward(&images(), Mode::Train);
            largest(&(forward(&net) - forward(&of_skips)))
        };
        assert_eq!(difference(), 0.0);
        let (_, mut scale) = all.named().into_iter().find(|(name, _)| name == "layer3.1.bn2.weight").unwrap();
        let _ = tch::no_grad(|| scale.fill_(1.0));
        assert!(difference() > 0.1);
    }
}
