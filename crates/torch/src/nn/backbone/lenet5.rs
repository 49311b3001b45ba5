//! LeNet-5 (LeCun et al. 1998).

use tch::Tensor;

use super::BackboneShape;
use crate::nn::{BatchNorm, Conv2d, Linear, Mode, Scope};

/// D, the features of an encoding.
pub const FEATURES: i64 = 128;
const CHANNELS: i64 = 16;

/// LeNet-5 with batch normalisation and ReLU: two convolutions with max pooling, two linear layers.
pub struct Lenet5 {
    layers: [(Conv2d, BatchNorm); 2],
    fc: Linear,
    fc1: Linear,
}

impl Lenet5 {
    pub fn new(scope: &Scope, shape: &BackboneShape) -> Self {
        let layer = |name: &str, inputs, outputs| {
            let at = scope.sub(name);
            (Conv2d::new(&at.sub(0), inputs, outputs, 5, 1, 0), BatchNorm::new(&at.sub(1), outputs))
        };
        let maps = maps_side(shape.side);
        Self {
            layers: [layer("layer1", shape.channels, 6), layer("layer2", 6, CHANNELS)],
            fc: Linear::new(&scope.sub("fc"), CHANNELS * maps * maps, FEATURES),
            fc1: Linear::new(&scope.sub("fc1"), FEATURES, FEATURES),
        }
    }

    /// `[N, C, side, side]` -> `[N, 128]`
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let layer = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| {
            norm.forward(&conv.forward(&x), mode).relu().max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
        };
        let maps = self.layers.iter().fold(images.shallow_clone(), layer);
        self.fc1.forward(&self.fc.forward(&maps.flatten(1, -1)).relu())
    }
}

/// The side of the maps that two unpadded 5x5 convolutions with 2x2 pooling leave: 4 of 28.
fn maps_side(side: i64) -> i64 {
    ((side - 4) / 2 - 4) / 2
}
