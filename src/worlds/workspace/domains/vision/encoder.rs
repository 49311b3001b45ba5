//! The encoder of the vision domain.

use tch::Tensor;

use super::VisionSettings;
use crate::nn::{BatchNorm, Conv2d, Linear, Mode, Scope};
use crate::worlds::workspace::domains::Posterior;

/// Pixels along each side of an image.
pub const SIDE: i64 = 32;
/// Red, green and blue.
pub const COLOURS: i64 = 3;

/// Convolutions that halve the maps again and again, and linear layers from the last maps to the
/// posterior.
pub struct Encoder {
    convs: Vec<(Conv2d, BatchNorm)>,
    /// The linear layer of the light network.
    hidden: Option<Linear>,
    mean: Linear,
    log_variance: Linear,
}

impl Encoder {
    pub fn new(scope: &Scope, settings: &VisionSettings) -> Self {
        let channels = channels(settings);
        let layers = scope.sub("encoder").sub("layers");
        let conv = |(place, ends): (usize, &[i64])| {
            let conv = Conv2d::without_bias(&layers.sub(3 * place), ends[0], ends[1], 4, 2, 1);
            (conv, BatchNorm::new(&layers.sub(3 * place + 1), ends[1]))
        };
        let convs: Vec<_> = channels.windows(2).enumerate().map(conv).collect();
        let side = SIDE >> convs.len();
        let flat = side * side * channels[convs.len()];
        let hidden =
            settings.hidden.map(|width| Linear::new(&scope.sub("encoder.hidden"), flat, width as i64));
        let (features, z) = (settings.hidden.map_or(flat, |width| width as i64), settings.z_size as i64);
        Self {
            convs,
            hidden,
            mean: Linear::new(&scope.sub("q_mean"), features, z),
            log_variance: Linear::new(&scope.sub("q_logvar"), features, z),
        }
    }

    /// The posteriors `[N, z]` of images `[N, 3, 32, 32]`, channels-last, intensities in [0, 1].
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Posterior {
        let halve = |x: Tensor, (conv, norm): &(Conv2d, BatchNorm)| norm.before_relu(&conv.forward(&x), mode);
        let maps = self.convs.iter().fold(images.shallow_clone(), halve);
        let both = self.mean.concat_outputs(&self.log_variance);
        Posterior::of_columns(&match &self.hidden {
            Some(hidden) => {
                let numbers = maps.permute([0, 2, 3, 1]).flatten(1, -1);
                both.forward(&hidden.forward(&numbers).relu())
            }
            None => both.forward_maps(&maps),
        })
    }
}

/// The channels of the image and of the maps after each convolution.
fn channels(settings: &VisionSettings) -> Vec<i64> {
    let (a, c) = (settings.ae_size as i64, settings.channels as i64);
    match settings.hidden {
        Some(_) => vec![COLOURS, c, 2 * c, 4 * c],
        None => vec![COLOURS, a / 8, a / 4, a / 2, a],
    }
}
