//! LeNet-5 for 28x28 images.

use tch::Tensor;

use crate::nn::{BatchNorm, Conv2d, Linear, Mode, Scope};

/// LeNet-5 (LeCun et al. 1998) with batch normalisation and ReLU.
pub struct Lenet5 {
    layers: [(Conv2d, BatchNorm); 2],
    fc: Linear,
    fc1: Linear,
}

impl Lenet5 {
    pub fn new(scope: &Scope, channels: i64) -> Self {
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

    /// `[N, C, 28, 28]` -> `[N, 128]`
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let layer = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| {
            norm.forward(&conv.forward(&x), mode).relu().max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
        };
        let maps = self.layers.iter().fold(images.shallow_clone(), layer);
        self.fc1.forward(&self.fc.forward(&maps.flatten(1, -1)).relu())
    }
}
