//! A predictor for encodings that are still images.

use tch::Tensor;

use crate::nn::{BatchNorm, Conv2d, Linear, Mode, Scope, channels_last};

const SIDE: i64 = 28;
/// D
pub const PIXELS: i64 = SIDE * SIDE;
/// Channels of the maps between encoder and decoder, to which the action is added.
const MIDDLE: i64 = 64;

/// Four convolutions up to 64 channels, the action added to each of them, and four back to one image.
pub struct ConvPredictor {
    encoder: [(Conv2d, BatchNorm); 4],
    action: Linear,
    decoder: [(Conv2d, BatchNorm); 3],
    last: Conv2d,
}

impl ConvPredictor {
    pub fn new(scope: &Scope, action_size: i64) -> Self {
        let conv = |scope: &Scope, inputs, outputs, kernel| {
            Conv2d::new(scope, inputs, outputs, kernel, 1, kernel / 2)
        };
        let layer = |name: &str, place: i64, inputs, outputs, kernel| {
            let at = scope.sub(name);
            (conv(&at.sub(place), inputs, outputs, kernel), BatchNorm::new(&at.sub(place + 2), outputs))
        };
        Self {
            encoder: [
                layer("enc", 0, 1, 16, 3),
                layer("enc", 3, 16, 32, 5),
                layer("enc", 6, 32, MIDDLE, 7),
                layer("enc", 9, MIDDLE, MIDDLE, 7),
            ],
            action: Linear::new(&scope.sub("proj"), action_size, MIDDLE),
            decoder: [
                layer("dec", 0, MIDDLE, MIDDLE, 7),
                layer("dec", 3, MIDDLE, 32, 7),
                layer("dec", 6, 32, 16, 5),
            ],
            last: conv(&scope.sub("dec").sub(9), 16, 1, 3),
        }
    }

    /// Encodings `[B, 784]` and actions `[B, A]` -> the next encodings `[B, 784]`
    pub fn forward(&self, encodings: &Tensor, actions: &Tensor, mode: Mode) -> Tensor {
        let layer = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| norm.after_relu(&conv.forward(&x), mode);
        let images = channels_last(&encodings.view([-1, 1, SIDE, SIDE]));
        let pull = self.action.forward(actions).unsqueeze(-1).unsqueeze(-1);
        let maps = self.encoder.iter().fold(images, layer) + pull;
        self.last.forward(&self.decoder.iter().fold(maps, layer)).flatten(1, -1)
    }
}
