//! The random numbers of an RSSM's samples.

use tch::{Device, Tensor};

use crate::native::normals;
use umwelt_base::random::Stream;

/// The standard normal numbers of one training step over T frames.
pub struct Noise {
    /// The noise of the prior samples of all frames, `[T, B, D]`.
    pub prior: Tensor,
    /// The noise of the posterior samples that enter the next belief, of all frames but the first
    /// and the last: `[T-2, B, D]`.
    pub posterior: Tensor,
}

impl Noise {
    /// The noise of training step `index`.
    pub fn of_step(seed: u64, index: u64, [frames, batch, features]: [i64; 3], device: Device) -> Self {
        let all = drawn(seed, "latent samples", index, &[2 * frames - 2, batch, features], device);
        Self { prior: all.narrow(0, 0, frames), posterior: all.narrow(0, frames, frames - 2) }
    }
}

/// Standard normal numbers of this shape: draw `index` of the stream `name`.
pub fn drawn(seed: u64, name: &str, index: u64, shape: &[i64], device: Device) -> Tensor {
    normals(shape, device, Stream::new(seed, name).at(&[index]).bits())
}
