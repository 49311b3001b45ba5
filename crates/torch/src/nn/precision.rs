//! The number format of matrix products and convolutions.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::Mode;
use crate::native;

/// The number format of matrix products and convolutions. Losses and the optimiser stay in float32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// float32.
    #[default]
    Fp32,
    /// bfloat16.
    Bf16,
}

impl Precision {
    /// Checks that `device` supports this precision.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(self, device: Device) -> Result<()> {
        match (self, device) {
            (Self::Fp32, _) | (Self::Bf16, Device::Cpu | Device::Cuda(_)) => Ok(()),
            (Self::Bf16, other) => bail!("precision: bf16 needs the CPU or CUDA, not {other:?}; use fp32"),
        }
    }

    /// Runs `network` on `device`, in this precision in training and in float32 in evaluation.
    /// Returns float32.
    pub fn compute(self, device: Device, mode: Mode, network: impl FnOnce() -> Tensor) -> Tensor {
        self.inside(device, mode, network).to_kind(Kind::Float)
    }

    /// [`Self::compute`] for results of any type, which are not converted.
    pub fn inside<T>(self, device: Device, mode: Mode, network: impl FnOnce() -> T) -> T {
        match (self, mode) {
            (Self::Bf16, Mode::Train) => native::autocast(device, network),
            (Self::Fp32, _) | (_, Mode::Evaluate) => network(),
        }
    }
}
