//! Decoders: networks from a latent state back to an image.
//!
//! They are the observation model of Hafner et al. (arXiv 1811.04551, section 2).

use anyhow::{Error, Result, bail};
use tch::{Kind, Tensor};

use super::backbone::menet5;
use super::{Arch, BackboneShape, BatchNorm, Conv2d, ConvTranspose2d, Linear, Mode, Scope, UpsampledConv};

/// The encoding size of the backbones other than menet5 that have a decoder.
const WIDE: i64 = 512;

/// An image decoder that mirrors a backbone: its images have the channels and the side of the
/// backbone's.
pub struct Decoder {
    network: Network,
    /// Pixels along each side of a decoded image.
    side: i64,
}

enum Network {
    Menet5(Menet5Decoder),
    Wide(WideDecoder),
}

impl Decoder {
    /// A decoder of states with `inputs` features, for a backbone whose encodings have `embedding`
    /// features.
    ///
    /// # Errors
    /// When no decoder is defined for the backbone, or the backbone cannot take this image side.
    pub fn new(scope: &Scope, backbone: &BackboneShape, embedding: i64, inputs: i64) -> Result<Self> {
        backbone.arch.check_side(backbone.side).map_err(Error::msg)?;
        let network = match (backbone.arch, embedding) {
            (Arch::Menet5, _) => Network::Menet5(Menet5Decoder::new(scope, backbone, inputs)),
            (_, WIDE) => Network::Wide(WideDecoder::new(scope, backbone.channels, inputs)),
            _ => bail!(
                "no decoder is defined for this backbone; choose menet5, or one of {WIDE} features \
                 (this has {embedding})"
            ),
        };
        Ok(Self { network, side: backbone.side })
    }

    /// States `[T, B, inputs]` -> images `[T, B, C, side, side]` in float32; the batch statistics
    /// of each frame are its own.
    pub fn forward(&self, states: &Tensor, mode: Mode) -> Tensor {
        let (frames, rows) = (states.size()[0], states.flatten(0, 1));
        let maps = match &self.network {
            Network::Menet5(decoder) => decoder.forward(&rows, frames, mode),
            Network::Wide(decoder) => decoder.forward(&rows, frames, mode),
        };
        let size = [self.side; 2];
        let images = maps.to_kind(Kind::Float).contiguous().upsample_bilinear2d(size, false, None, None);
        images.unflatten(0, [frames, -1])
    }
}

/// From maps of side m, the pooled maps of menet5, through 2m and 6m to 18m (3 to 54 for images of
/// 28), enlarging by nearest neighbours before every convolution.
struct Menet5Decoder {
    fc: Linear,
    hidden: [(UpsampledConv, BatchNorm); 2],
    last: UpsampledConv,
    /// m
    start: i64,
}

impl Menet5Decoder {
    fn new(scope: &Scope, backbone: &BackboneShape, inputs: i64) -> Self {
        let (narrow, wide) = (16 * backbone.width, 32 * backbone.width);
        let at = |place: i64| scope.sub("layers").sub(place);
        let layer = |place: i64, inputs, outputs, kernel, factor| {
            let conv = UpsampledConv::new(&at(place), inputs, outputs, kernel, factor);
            (conv, BatchNorm::new(&at(place + 2), outputs))
        };
        let start = menet5::maps_side(backbone.side);
        Self {
            fc: Linear::new(&scope.sub("fc"), inputs, start * start * wide),
            hidden: [layer(0, wide, wide, 3, 2), layer(3, wide, narrow, 5, 3)],
            last: UpsampledConv::new(&at(6), narrow, backbone.channels, 5, 3),
            start,
        }
    }

    /// `[T * B, inputs]` -> `[T * B, C, 18m, 18m]`
    fn forward(&self, rows: &Tensor, frames: i64, mode: Mode) -> Tensor {
        let start = self.fc.forward_to_maps(rows, self.start).relu();
        let layer = |x: Tensor, (conv, norm): &(UpsampledConv, BatchNorm)| {
            norm.after_relu_framewise(&conv.forward(&x), frames, mode)
        };
        self.last.forward(&self.hidden.iter().fold(start, layer))
    }
}

/// Momentum of the running statistics in the decoder below: the share that a new batch replaces.
const WIDE_MOMENTUM: f64 = 0.01;
/// The greatest magnitude of a decoded pixel before it is resized.
const WIDE_RANGE: f64 = 20.0;
/// Side of the first maps.
const WIDE_START: i64 = 4;

/// From 4x4 maps through three transposed convolutions to 39x39, for images of any side.
struct WideDecoder {
    fc: Linear,
    layers: [(ConvTranspose2d, BatchNorm); 3],
    last: Conv2d,
}

impl WideDecoder {
    fn new(scope: &Scope, channels: i64, inputs: i64) -> Self {
        let at = |place: i64| scope.sub("layers").sub(place);
        let layer = |place: i64, inputs, outputs| {
            let conv = ConvTranspose2d::new(&at(place), inputs, outputs, 3, 2, 0);
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
        let maps = layer(&self.fc.forward_to_maps(rows, WIDE_START), first).relu();
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
        sized_decoder(parameters, arch, embedding, 28)
    }

    fn sized_decoder(parameters: &Parameters, arch: Arch, embedding: i64, side: i64) -> Result<Decoder> {
        let shape = BackboneShape { arch, channels: 3, side, width: 1, embedding_size: embedding, mlp: None };
        Decoder::new(&parameters.root(), &shape, embedding, 5)
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
    fn decoded_images_have_the_side_of_the_encoded_ones() {
        let wide = [Arch::Pixel, Arch::Resnet18, Arch::Resnet18Id, Arch::Mlp].map(|arch| (arch, 512));
        for (arch, embedding) in wide.into_iter().chain([(Arch::Menet5, 20)]) {
            for side in [32, arch.smallest_side(), 64] {
                let parameters = Parameters::new(Device::Cpu, 2);
                let decoder = sized_decoder(&parameters, arch, embedding, side).expect("built");
                let images = decoder.forward(&Draws::new(0).floats([2, 4, 5]), Mode::Train);
                assert_eq!(images.size(), [2, 4, 3, side, side], "{arch:?}");
            }
        }
    }

    #[test]
    fn a_decoder_refuses_the_sides_that_its_backbone_refuses() {
        let error = sized_decoder(&Parameters::new(Device::Cpu, 0), Arch::Menet5, 20, 4).err();
        assert_eq!(
            error.expect("it is refused").to_string(),
            "arch menet5 takes images of at least 5 pixels along each side, not 4"
        );
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
