//! The number format of a network's products.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use tch::Device;

/// The number format of the network's products; losses and the optimiser stay in float32.
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
    /// # Errors
    /// When `device` cannot compute in it.
    pub fn check(self, device: Device) -> Result<()> {
        match (self, device) {
            (Self::Fp32, _) | (Self::Bf16, Device::Cpu | Device::Cuda(_)) => Ok(()),
            (Self::Bf16, other) => bail!("precision: bf16 needs the CPU or CUDA, not {other:?}; use fp32"),
        }
    }
}
