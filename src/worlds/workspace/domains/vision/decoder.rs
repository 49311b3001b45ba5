//! The decoders of the vision domain.

use tch::Tensor;

use super::VisionSettings;
use super::encoder::COLOURS;
use crate::nn::{BatchNorm, Conv2d, ConvTranspose2d, Linear, Mode, Scope};

/// Pixels along each side of the first maps.
const START: i64 = 8;

/// A network from latents to images.
pub enum Decoder {
    Published(PublishedDecoder),
    Light(LightDecoder),
}

impl Decoder {
    pub fn new(scope: &Scope, settings: &VisionSettings) -> Self {
        let (scope, z) = (scope.sub("decoder"), settings.z_size as i64);
        match settings.hidden {
            Some(hidden) => {
                Self::Light(LightDecoder::new(&scope, z, hidden as i64, settings.channels as i64))
            }
            None => Self::Published(PublishedDecoder::new(&scope, z, settings.ae_size as i64)),
        }
    }

    /// Latents `[N, z]` -> the logits of intensities `[N, 3, 32, 32]`, channels-last
    pub fn forward(&self, latents: &Tensor, mode: Mode) -> Tensor {
        match self {
            Self::Published(decoder) => decoder.forward(latents, mode),
            Self::Light(decoder) => decoder.forward(latents, mode),
        }
    }
}

/// Transposed convolutions from a map of one pixel to 8x8, 16x16 and 32x32, and a convolution.
pub struct PublishedDecoder {
    start: (ConvTranspose2d, BatchNorm),
    doubling: [(ConvTranspose2d, BatchNorm); 2],
    last: Conv2d,
}

impl PublishedDecoder {
    fn new(scope: &Scope, z: i64, a: i64) -> Self {
        let at = |place: i64| scope.sub("layers").sub(place);
        let layer = |place, inputs, outputs, kernel, stride, padding| {
            let conv = ConvTranspose2d::without_bias(&at(place), inputs, outputs, kernel, stride, padding);
            (conv, BatchNorm::new(&at(place + 1), outputs))
        };
        Self {
            start: layer(0, z, a, START, 1, 0),
            doubling: [layer(3, a, a / 2, 4, 2, 1), layer(6, a / 2, a / 4, 4, 2, 1)],
            last: Conv2d::new(&scope.sub("out_layer").sub(1), a / 4, COLOURS, 4, 1, 1),
        }
    }

    fn forward(&self, latents: &Tensor, mode: Mode) -> Tensor {
        let (conv, norm) = &self.start;
        let start = norm.before_relu(&conv.forward_vectors(latents), mode);
        let double = |x: Tensor, (conv, norm): &(ConvTranspose2d, BatchNorm)| {
            norm.before_relu(&conv.forward(&x), mode)
        };
        let maps = self.doubling.iter().fold(start, double);
        // One pixel on the right and at the bottom: with a kernel of 4, the side stays 32.
        self.last.forward(&maps.constant_pad_nd([0, 1, 0, 1]))
    }
}

/// Linear layers to 8x8 maps, and transposed convolutions to 16x16 and 32x32.
pub struct LightDecoder {
    linear: [Linear; 2],
    to_maps: Linear,
    doubling: (ConvTranspose2d, BatchNorm),
    last: ConvTranspose2d,
}

impl LightDecoder {
    fn new(scope: &Scope, z: i64, hidden: i64, c: i64) -> Self {
        let at = |place: i64| scope.sub("layers").sub(place);
        Self {
            linear: [Linear::new(&at(0), z, hidden), Linear::new(&at(2), hidden, hidden)],
            to_maps: Linear::new(&at(4), hidden, START * START * 2 * c),
            doubling: (ConvTranspose2d::without_bias(&at(6), 2 * c, c, 4, 2, 1), BatchNorm::new(&at(7), c)),
            last: ConvTranspose2d::new(&at(9), c, COLOURS, 4, 2, 1),
        }
    }

    fn forward(&self, latents: &Tensor, mode: Mode) -> Tensor {
        let hidden = self.linear.iter().fold(latents.shallow_clone(), |x, linear| linear.forward(&x).relu());
        let numbers = self.to_maps.forward(&hidden).relu();
        let maps = numbers.view([latents.size()[0], START, START, -1]).permute([0, 3, 1, 2]);
        let (conv, norm) = &self.doubling;
        self.last.forward_patches(&norm.before_relu(&conv.forward_patches(&maps), mode))
    }
}
