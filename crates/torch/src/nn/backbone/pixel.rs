//! A backbone that keeps the image's resolution until its final pool.

use tch::Tensor;

use crate::nn::{BatchNorm, Conv2d, Mode, Scope, channels_last};

/// Side of the pooled maps.
pub const SIDE: i64 = 4;
const CHANNELS: i64 = 32;
/// D, the features of an encoding.
pub const FEATURES: i64 = CHANNELS * SIDE * SIDE;

/// Four convolutions at full resolution, each followed by ReLU and batch normalisation, and an
/// average pool to 4x4.
pub struct Pixel {
    layers: [(Conv2d, BatchNorm); 4],
}

impl Pixel {
    pub fn new(scope: &Scope, channels: i64) -> Self {
        let layer = |place: i64, inputs, outputs, kernel| {
            let at = scope.sub("enc");
            let conv = Conv2d::new(&at.sub(place), inputs, outputs, kernel, 1, kernel / 2);
            (conv, BatchNorm::new(&at.sub(place + 2), outputs))
        };
        Self {
            layers: [
                layer(0, channels, 16, 3),
                layer(3, 16, CHANNELS, 5),
                layer(6, CHANNELS, CHANNELS, 7),
                layer(9, CHANNELS, CHANNELS, 7),
            ],
        }
    }

    /// `[N, C, side, side]` -> `[N, 512]`
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let layer = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| norm.after_relu(&conv.forward(&x), mode);
        let maps = self.layers.iter().fold(channels_last(images), layer);
        maps.adaptive_avg_pool2d([SIDE; 2]).flatten(1, -1)
    }
}
