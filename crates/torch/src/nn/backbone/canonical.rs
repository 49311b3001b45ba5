//! The three convolutions known from Atari agents (Mnih et al. 2015), pooled instead of flattened.

use tch::Tensor;

use crate::nn::{Conv2d, Scope, channels_last};

const CHANNELS: i64 = 64;

/// Three convolutions to 3x3, each followed by ReLU, pooled to the square that makes the embedding.
pub struct Canonical {
    layers: [Conv2d; 3],
    side: i64,
}

impl Canonical {
    /// For an `embedding_size` of 64 times a square.
    pub fn new(scope: &Scope, channels: i64, embedding_size: i64) -> Self {
        let layer = |place: i64, inputs, outputs, kernel, stride| {
            Conv2d::new(&scope.sub("backbone").sub(place), inputs, outputs, kernel, stride, 0)
        };
        Self {
            layers: [
                layer(0, channels, 32, 4, 2),
                layer(2, 32, CHANNELS, 4, 2),
                layer(4, CHANNELS, CHANNELS, 3, 1),
            ],
            side: (embedding_size / CHANNELS).isqrt(),
        }
    }

    /// `[N, C, 28, 28]` -> `[N, D]`
    pub fn forward(&self, images: &Tensor) -> Tensor {
        let maps = self.layers.iter().fold(channels_last(images), |x, conv| conv.forward(&x).relu());
        maps.adaptive_avg_pool2d([self.side; 2]).flatten(1, -1)
    }
}
