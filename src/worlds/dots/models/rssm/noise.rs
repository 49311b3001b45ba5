//! What an RSSM's samples are made of.

use tch::{Device, Tensor};

use crate::native::normals;
use umwelt_base::random::Stream;

/// Standard normal draws of one training step over T frames.
pub struct Noise {
    /// For samples of the prior at every frame, `[T, B, D]`.
    pub prior: Tensor,
    /// For the samples of the posterior that are carried on, those of all frames but the first and the last:
    /// `[T-2, B, D]`.
    pub posterior: Tensor,
}

impl Noise {
    /// The draws of training step `index`.
    pub fn of_step(seed: u64, index: u64, [frames, batch, features]: [i64; 3], device: Device) -> Self {
        let all = drawn(seed, "latent samples", index, &[2 * frames - 2, batch, features], device);
        Self { prior: all.narrow(0, 0, frames), posterior: all.narrow(0, frames, frames - 2) }
    }
}

/// Draw `index` of the stream `name`.
pub fn drawn(seed: u64, name: &str, index: u64, shape: &[i64], device: Device) -> Tensor {
    normals(shape, device, Stream::new(seed, name).at(&[index]).bits())
}
