//! MeNet5, the backbone of the paper (Sobal et al., arXiv 2211.10831, appendix).

use tch::Tensor;

use super::BackboneShape;
use crate::nn::{BatchNorm, Conv2d, Linear, Mode, Scope, channels_last};

/// Three convolutions, each followed by ReLU and batch normalisation, an average pool and a linear
/// layer.
pub struct Menet5 {
    layers: [(Conv2d, BatchNorm); 3],
    fc: Linear,
}

impl Menet5 {
    pub fn new(scope: &Scope, shape: &BackboneShape) -> Self {
        let (narrow, wide) = (16 * shape.width, 32 * shape.width);
        let layer = |place: i64, inputs, outputs, kernel, stride| {
            let at = scope.sub("layer1");
            let conv = Conv2d::new(&at.sub(place), inputs, outputs, kernel, stride, kernel / 2);
            (conv, BatchNorm::new(&at.sub(place + 2), outputs))
        };
        let maps = maps_side(shape.side);
        Self {
            layers: [
                layer(0, shape.channels, narrow, 5, 2),
                layer(3, narrow, wide, 5, 2),
                layer(6, wide, wide, 3, 1),
            ],
            fc: Linear::new(&scope.sub("fc"), maps * maps * wide, shape.embedding_size),
        }
    }

    /// `[N, C, side, side]` -> `[N, D]`
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let layer = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| norm.after_relu(&conv.forward(&x), mode);
        let maps = self.layers.iter().fold(channels_last(images), layer);
        self.fc.forward_maps(&maps.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None))
    }
}

/// The side of the pooled maps, 3 of 28: two strides of 2 round up, the pool rounds down.
pub fn maps_side(side: i64) -> i64 {
    (side + 3) / 4 / 2
}
