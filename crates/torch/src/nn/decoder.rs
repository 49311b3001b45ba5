//! Decoders: from a latent state back to an image.
//!
//! They are the observation model of Hafner et al. (arXiv 1811.04551, section 2).

use anyhow::{Result, bail};
use tch::{Kind, Tensor};

use super::{Arch, BackboneShape, BatchNorm, Conv2d, ConvTranspose2d, Linear, Mode, Scope, UpsampledConv};

/// The encoding size that the decoder of backbones other than menet5 is made for.
const WIDE: i64 = 512;
/// Pixels along each side of a decoded image.
const SIDE: i64 = 28;

/// An image decoder that mirrors a backbone.
pub enum Decoder {
    Menet5(Menet5Decoder),
    Wide(WideDecoder),
}

impl Decoder {
    /// A decoder of states with `inputs` features, for a backbone whose encodings have `embedding`.
    ///
    /// # Errors
    /// When no decoder is defined for the backbone.
    pub fn new(scope: &Scope, backbone: &BackboneShape, embedding: i64, inputs: i64) -> Result<Self> {
        Ok(match (backbone.arch, embedding) {
            (Arch::Menet5, _) => Self::Menet5(Menet5Decoder::new(scope, backbone, inputs)),
            (_, WIDE) => Self::Wide(WideDecoder::new(scope, backbone.channels, inputs)),
            _ => bail!(
                "no decoder is defined for this backbone; choose menet5, or one of {WIDE} features (this has {embedding})"
            ),
        })
    }

    /// States `[T, B, inputs]` -> images `[T, B, C, 28, 28]` in float32, each frame with batch statistics of its own
    pub fn forward(&self, states: &Tensor, mode: Mode) -> Tensor {
        let (frames, rows) = (states.size()[0], states.flatten(0, 1));
        let maps = match self {
            Self::Menet5(decoder) => decoder.forward(&rows, frames, mode),
            Self::Wide(decoder) => decoder.forward(&rows, frames, mode),
        };
        let size = [SIDE; 2];
        let images = maps.to_kind(Kind::Float).contiguous().upsample_bilinear2d(size, false, None, None);
        images.unflatten(0, [frames, -1])
    }
}

/// From 3x3 maps through 6x6 and 18x18 to 54x54, enlarging by nearest neighbours before every convolution.
pub struct Menet5Decoder {
    fc: Linear,
    hidden: [(UpsampledConv, BatchNorm); 2],
    last: UpsampledConv,
}

impl Menet5Decoder {
    fn new(scope: &Scope, backbone: &BackboneShape, inputs: i64) -> Self {
        let (narrow, wide) = (16 * backbone.width, 32 * backbone.width);
        let at = |place: i64| scope.sub("layers").sub(place);
        let layer = |place: i64, inputs, outputs, kernel, factor| {
            let conv = UpsampledConv::new(&at(place), inputs, outputs, kernel, factor);
            (conv, BatchNorm::new(&at(place + 2), outputs))
        };
        Self {
            fc: Linear::new(&scope.sub("fc"), inputs, 9 * wide),
            hidden: [layer(0, wide, wide, 3, 2), layer(3, wide, narrow, 5, 3)],
            last: UpsampledConv::new(&at(6), narrow, backbone.channels, 5, 3),
        }
    }

    /// `[T * B, inputs]` -> `[T * B, C, 54, 54]`
    fn forward(&self, rows: &Tensor, frames: i64, mode: Mode) -> Tensor {
        let start = self.fc.forward_to_maps(rows, 3).relu();
        let layer = |x: Tensor, (conv, norm): &(UpsampledConv, BatchNorm)| {
            norm.after_relu_framewise(&conv.forward(&x), frames, mode)
        };
        self.last.forward(&self.hidden.iter().fold(start, layer))
    }
}

/// The part of the running statistics that a batch replaces in the decoder below.
const WIDE_MOMENTUM: f64 = 0.01;
/// The greatest magnitude of a decoded pixel before it is resized.
const WIDE_RANGE: f64 = 20.0;

/// From 4x4 maps through three transposed convolutions to 39x39.
pub struct WideDecoder {
    fc: Linear,
    layers: [(ConvTranspose2d, BatchNorm); 3],
    last: Conv2d,
}

impl WideDecoder {
    fn new(scope: &Scope, channels: i64, inputs: i64) -> Self {
        let at = |place: i64| scope.sub("layers").sub(place);
        let layer = |place: i64, inputs, outputs| {
            let conv = ConvTranspose2d::new(&at(place), inputs, outputs, 3, 2);
            (conv, BatchNorm::with_momentum(&at(place + 1), outputs, WIDE_MOMENTUM))
        };
        Self {
            fc: Linear::new(&scope.sub("fc"), inputs, WIDE),
            layers: [layer(0, 32, 16), layer(3, 16, 8), layer(6, 8, 8)],
            last: Conv2d::new(&at(9), 8, channels, 3, 1, 1),
        }
    }

    /// `[T * B, inputs]` -> `[T * B, C, 39, 39]`
    fn forward(&self, rows: &Tensor, frames: i64, mode: Mode) -> Tensor {
        let layer = |x: &Tensor, (conv, norm): &(ConvTranspose2d, BatchNorm)| {
            norm.framewise(&conv.forward(x), frames, mode)
        };
        let [first, second, third] = &self.layers;
        let maps = layer(&self.fc.forward_to_maps(rows, 4), first).relu();
        let maps = layer(&layer(&maps, second).relu(), third).sigmoid();
        self.last.forward(&maps).tanh() * WIDE_RANGE
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    fn decoder(parameters: &Parameters, arch: Arch, embedding: i64) -> Result<Decoder> {
        let backbone = BackboneShape { arch, channels: 3, width: 1, embedding_size: embedding, mlp: None };
        Decoder::new(&parameters.root(), &backbone, embedding, 5)
    }

    #[test]
    fn frames_decoded_at_once_are_as_frames_decoded_one_after_the_other() {
        let draws = Draws::new(0);
        for (arch, embedding) in [(Arch::Menet5, 20), (Arch::Pixel, 512)] {
            let sets = [(); 2].map(|()| Parameters::new(Device::Cpu, 2));
            let [at_once, one_by_one] =
                sets.each_ref().map(|set| decoder(set, arch, embedding).expect("built"));
            let states = draws.floats([3, 4, 5]);
            let images = at_once.forward(&states, Mode::Train);
            assert_eq!(images.size(), [3, 4, 3, 28, 28]);
            let frames = states.split(1, 0);
            let frames: Vec<Tensor> =
                frames.iter().map(|frame| one_by_one.forward(frame, Mode::Train)).collect();
            let apart = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]);
            assert!(apart(&images, &Tensor::cat(&frames, 0)) < 1e-4);
            for ((name, ours), (_, expected)) in sets[0].named().iter().zip(sets[1].named()) {
                assert!(apart(ours, &expected) < 1e-4, "{name}");
            }
            assert!(apart(&at_once.forward(&states, Mode::Evaluate), &images) > 1e-3);
        }
    }

    #[test]
    fn a_backbone_without_a_decoder_is_refused() {
        let error =
            decoder(&Parameters::new(Device::Cpu, 0), Arch::Lenet5, 128).err().expect("it is refused");
        assert_eq!(
            error.to_string(),
            "no decoder is defined for this backbone; choose menet5, or one of 512 features (this has 128)"
        );
    }
}
