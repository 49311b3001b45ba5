//! The convolutions of Atari agents (Mnih et al. 2015), pooled instead of flattened.

use tch::Tensor;

use super::BackboneShape;
use crate::nn::{Conv2d, Scope, channels_last};

const CHANNELS: i64 = 64;

/// Three convolutions, each followed by ReLU, and an average pool to r x r for an embedding of
/// 64 r² features.
pub struct Canonical {
    layers: [Conv2d; 3],
    /// r, the side of the pooled maps.
    pooled: i64,
}

impl Canonical {
    /// `embedding_size` is 64 times a square.
    pub fn new(scope: &Scope, shape: &BackboneShape) -> Self {
        let layer = |place: i64, inputs, outputs, kernel, stride| {
            Conv2d::new(&scope.sub("backbone").sub(place), inputs, outputs, kernel, stride, 0)
        };
        Self {
            layers: [
                layer(0, shape.channels, 32, 4, 2),
                layer(2, 32, CHANNELS, 4, 2),
                layer(4, CHANNELS, CHANNELS, 3, 1),
            ],
            pooled: (shape.embedding_size / CHANNELS).isqrt(),
        }
    }

    /// `[N, C, side, side]` -> `[N, D]`
    pub fn forward(&self, images: &Tensor) -> Tensor {
        let maps = self.layers.iter().fold(channels_last(images), |x, conv| conv.forward(&x).relu());
        maps.adaptive_avg_pool2d([self.pooled; 2]).flatten(1, -1)
    }
}
