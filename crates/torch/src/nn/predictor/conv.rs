//! A predictor for encodings that are grey images.

use anyhow::{Result, ensure};
use tch::Tensor;

use super::PredictorShape;
use crate::nn::{BatchNorm, Conv2d, Linear, Mode, Scope, channels_last};

/// Channels of the maps between encoder and decoder, to which the action is added.
const MIDDLE: i64 = 64;

/// Four convolutions up to 64 channels, the action added to each of these, and four convolutions
/// back to one image.
pub struct ConvPredictor {
    encoder: [(Conv2d, BatchNorm); 4],
    action: Linear,
    decoder: [(Conv2d, BatchNorm); 3],
    last: Conv2d,
    /// Pixels along each side of an encoding.
    side: i64,
}

impl ConvPredictor {
    /// # Errors
    /// When the encodings are not as large as grey images of `shape.side`.
    pub fn new(scope: &Scope, shape: &PredictorShape) -> Result<Self> {
        check_embedding(shape)?;
        let conv = |scope: &Scope, inputs, outputs, kernel| {
            Conv2d::new(scope, inputs, outputs, kernel, 1, kernel / 2)
        };
        let layer = |name: &str, place: i64, inputs, outputs, kernel| {
            let at = scope.sub(name);
            (conv(&at.sub(place), inputs, outputs, kernel), BatchNorm::new(&at.sub(place + 2), outputs))
        };
        Ok(Self {
            encoder: [
                layer("enc", 0, 1, 16, 3),
                layer("enc", 3, 16, 32, 5),
                layer("enc", 6, 32, MIDDLE, 7),
                layer("enc", 9, MIDDLE, MIDDLE, 7),
            ],
            action: Linear::new(&scope.sub("proj"), shape.action_size, MIDDLE),
            decoder: [
                layer("dec", 0, MIDDLE, MIDDLE, 7),
                layer("dec", 3, MIDDLE, 32, 7),
                layer("dec", 6, 32, 16, 5),
            ],
            last: conv(&scope.sub("dec").sub(9), 16, 1, 3),
            side: shape.side,
        })
    }

    /// Encodings `[B, D]` and actions `[B, A]` -> the next encodings `[B, D]`, D = side²
    pub fn forward(&self, encodings: &Tensor, actions: &Tensor, mode: Mode) -> Tensor {
        let layer = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| norm.after_relu(&conv.forward(&x), mode);
        let images = channels_last(&encodings.view([-1, 1, self.side, self.side]));
        let pull = self.action.forward(actions).unsqueeze(-1).unsqueeze(-1);
        let maps = self.encoder.iter().fold(images, layer) + pull;
        self.last.forward(&self.decoder.iter().fold(maps, layer)).flatten(1, -1)
    }
}

fn check_embedding(PredictorShape { side, embedding, .. }: &PredictorShape) -> Result<()> {
    let pixels = side * side;
    ensure!(
        *embedding == pixels,
        "conv predicts encodings of {pixels} features, {side}x{side} images such as arch id makes of one \
         channel, but here they have {embedding}"
    );
    Ok(())
}
