//! The variational autoencoder of images.

use std::f64::consts::TAU;

use tch::{Device, Kind, Tensor};

use super::decoder::Decoder;
use super::encoder::{COLOURS, Encoder, SIDE};
use super::{PixelSpread, VisionSettings};
use crate::native::sigmoid_squared_error;
use crate::nn::{Mode, Parameters, Precision, channels_last};
use crate::objectives::LossReport;
use crate::worlds::workspace::domains::Posterior;

/// The least standard deviation of `optimal_sigma`, as a logarithm.
const LEAST_LOG_SIGMA: f64 = -6.0;

/// A variational autoencoder of images of 32 x 32 pixels.
pub struct VisionVae {
    pub parameters: Parameters,
    encoder: Encoder,
    decoder: Decoder,
    spread: PixelSpread,
    /// The logarithm of the standard deviation of pixels, if it is trained.
    log_sigma: Option<Tensor>,
    precision: Precision,
    colour_blind: bool,
}

impl VisionVae {
    /// The network of `settings`, with initial parameters that follow from `seed`.
    pub fn new(settings: &VisionSettings, seed: u64, precision: Precision, device: Device) -> Self {
        let parameters = Parameters::new(device, seed);
        let root = parameters.root();
        let trained_sigma = settings.spread == PixelSpread::Sigma;
        Self {
            encoder: Encoder::new(&root, settings),
            decoder: Decoder::new(&root, settings),
            spread: settings.spread,
            log_sigma: trained_sigma.then(|| root.constant("log_sigma", &[], 0.0)),
            precision,
            colour_blind: settings.colour_blind,
            parameters,
        }
    }

    /// The intensities `[N, 3, 32, 32]` in [0, 1] of images in bytes, channels-last, as the network
    /// sees them.
    pub fn intensities(&self, images: &Tensor) -> Tensor {
        let images = channels_last(images).to_kind(Kind::Float) / 255.0;
        match self.colour_blind {
            true => images.mean_dim([1i64].as_slice(), true, Kind::Float).expand_as(&images).contiguous(),
            false => images,
        }
    }

    /// The posteriors `[N, z]` of intensities `[N, 3, 32, 32]`.
    pub fn encode(&self, images: &Tensor, mode: Mode) -> Posterior {
        let device = self.parameters.device();
        self.precision.inside(device, mode, || self.encoder.forward(images, mode))
    }

    /// Latents `[N, z]` -> intensities `[N, 3, 32, 32]` in (0, 1), channels-last
    pub fn decode(&self, latents: &Tensor, mode: Mode) -> Tensor {
        self.logits(latents, mode).sigmoid()
    }

    fn logits(&self, latents: &Tensor, mode: Mode) -> Tensor {
        let device = self.parameters.device();
        self.precision.compute(device, mode, || self.decoder.forward(latents, mode))
    }

    /// The loss of images in bytes `[N, 3, 32, 32]`, summed over images: the negative
    /// log-likelihood of the pixels, and `beta` times the divergence of the posteriors, which are
    /// sampled with standard normal `noise` `[N, z]`.
    pub fn loss(&self, images: &Tensor, noise: &Tensor, beta: f64, mode: Mode) -> LossReport {
        let images = self.intensities(images);
        let posterior = self.encode(&images, mode);
        let error = squared_error(&self.logits(&posterior.sample(noise), mode), &images);
        let pixels = images.numel() as f64;
        let reconstruction = self.negative_log_likelihood(&error, pixels);
        LossReport::weighted(vec![
            ("reconstruction", 1.0, reconstruction),
            ("kl", beta, posterior.divergence()),
        ])
    }

    /// The negative log-likelihood of `pixels` normal pixels, in nats, from the sum of their
    /// squared errors.
    fn negative_log_likelihood(&self, error: &Tensor, pixels: f64) -> Tensor {
        let constant = 0.5 * TAU.ln() * pixels;
        match self.log_sigma(error, pixels) {
            Some(log_sigma) => error * 0.5 * (&log_sigma * -2.0).exp() + &log_sigma * pixels + constant,
            None => error * 0.5 + constant,
        }
    }

    /// The logarithm of the standard deviation of pixels; `None` for 0.
    fn log_sigma(&self, error: &Tensor, pixels: f64) -> Option<Tensor> {
        match self.spread {
            PixelSpread::Beta => None,
            PixelSpread::Sigma => self.log_sigma.as_ref().map(Tensor::shallow_clone),
            PixelSpread::OptimalSigma => {
                let log_rmse = (error / pixels).log() * 0.5;
                Some((log_rmse - LEAST_LOG_SIGMA).softplus() + LEAST_LOG_SIGMA)
            }
        }
    }

    /// The shape of the images of `count` items.
    pub fn image_shape(count: i64) -> [i64; 4] {
        [count, COLOURS, SIDE, SIDE]
    }
}

/// The sum of the squared differences between `sigmoid(logits)` and `images`.
fn squared_error(logits: &Tensor, images: &Tensor) -> Tensor {
    match logits.device() {
        Device::Cpu => sigmoid_squared_error(logits, images),
        _ => (logits.sigmoid() - images).square().sum(Kind::Float),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(ae_size: usize, hidden: Option<usize>) -> usize {
        let settings = VisionSettings { ae_size, hidden, ..VisionSettings::default() };
        VisionVae::new(&settings, 0, Precision::Fp32, Device::Cpu).parameters.count()
    }

    #[test]
    fn networks_have_the_published_numbers_of_parameters() {
        let published = [512, 64, 32].map(|ae_size| parameters(ae_size, None));
        assert_eq!(published, [5_829_275, 140_907, 49_475]);
        assert_eq!(parameters(512, Some(256)), 914_971);
    }
}
