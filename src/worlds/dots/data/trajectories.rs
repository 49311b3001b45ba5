//! Batches on the device that computes.

use anyhow::Result;
use tch::{Device, Tensor};

use super::HostTrajectories;
use crate::datasets::IMAGE_SIZE;

/// A batch of trajectories, time first.
pub struct Trajectories {
    /// Which batch of its stream it is.
    pub index: u64,
    /// `[T', B, C, 28, 28]`, where T' is how many frames were rendered
    pub states: Tensor,
    /// `[T-1, B, 2]`
    pub actions: Tensor,
    /// `[T, B, dots, 2]` as (x, y)
    pub locations: Tensor,
}

impl Trajectories {
    /// Copies a batch to `device`.
    ///
    /// # Errors
    /// When libtorch cannot, for want of memory for instance.
    pub fn new(host: &HostTrajectories, device: Device) -> Result<Self> {
        let [rendered, frames, batch, channels, dots] =
            [host.rendered, host.frames, host.batch, host.channels, host.dots].map(|n| n as i64);
        let side = IMAGE_SIZE as i64;
        Ok(Self {
            index: host.index,
            states: on(device, &host.states, &[rendered, batch, channels, side, side])?,
            actions: on(device, &host.actions, &[frames - 1, batch, 2])?,
            locations: on(device, &host.locations, &[frames, batch, dots, 2])?,
        })
    }
}

fn on(device: Device, values: &[f32], shape: &[i64]) -> Result<Tensor> {
    Ok(Tensor::f_from_slice(values)?.f_view(shape)?.f_to_device(device)?)
}
