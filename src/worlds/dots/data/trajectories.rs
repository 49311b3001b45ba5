//! Batches on the device.

use anyhow::Result;
use ndarray::{Array, Dimension};
use tch::{Device, Tensor};

use super::HostTrajectories;

/// A batch of trajectories, time first, in the units of its world's normalisation.
pub struct Trajectories {
    /// The index of the batch in its stream.
    pub index: u64,
    /// Images of the first T' frames, `[T', B, C, 28, 28]`.
    pub states: Tensor,
    /// Intended steps of the first dot, `[T-1, B, 2]`.
    pub actions: Tensor,
    /// Positions as (x, y), `[T, B, dots, 2]`.
    pub locations: Tensor,
}

impl Trajectories {
    /// Copies a batch to `device`.
    ///
    /// # Errors
    /// When libtorch cannot copy, for example because the device is out of memory.
    pub fn new(host: &HostTrajectories, device: Device) -> Result<Self> {
        Ok(Self {
            index: host.index,
            states: copied(&host.states, device)?,
            actions: copied(&host.actions, device)?,
            locations: copied(&host.locations, device)?,
        })
    }
}

fn copied<D: Dimension>(array: &Array<f32, D>, device: Device) -> Result<Tensor> {
    Ok(Tensor::try_from(array)?.f_to_device(device)?)
}
