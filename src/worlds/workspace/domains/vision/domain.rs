//! The frozen vision domain.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use tch::{Device, Tensor};

use super::{VisionSettings, VisionVae};
use crate::nn::{Mode, Precision};
use crate::training::load_model_tensors;
use crate::worlds::workspace::domains::{Activation, Decoded, Domain, Items, Part, PartLoss};

/// The means of the posteriors of a trained autoencoder.
pub struct VisionDomain {
    vae: VisionVae,
    width: i64,
}

impl VisionDomain {
    /// The autoencoder of these settings in a checkpoint of `ShapesVision`.
    ///
    /// # Errors
    /// When the checkpoint cannot be read or holds another model.
    pub fn load(settings: &VisionSettings, checkpoint: &Path, device: Device) -> Result<Self> {
        let vae = VisionVae::new(settings, 0, Precision::Fp32, device);
        let does_not_fit = || format!("{} does not fit the settings under `vision`", checkpoint.display());
        vae.parameters.assign(&load_model_tensors(checkpoint)?).with_context(does_not_fit)?;
        Ok(Self::of(vae, settings))
    }

    /// The domain of an autoencoder with these settings.
    pub fn of(vae: VisionVae, settings: &VisionSettings) -> Self {
        Self { vae, width: settings.z_size as i64 }
    }
}

impl Domain for VisionDomain {
    fn name(&self) -> &str {
        "v"
    }

    fn parts(&self) -> Vec<Part> {
        let (activation, loss) = (Activation::Identity, PartLoss::SquaredError);
        vec![Part { name: "z_img", width: self.width, activation, loss }]
    }

    fn encode(&self, items: &Items, picked: Range<usize>) -> Result<Vec<Tensor>> {
        let rows: Vec<i64> = picked.map(|row| row as i64).collect();
        let images = items.images(&rows)?.to_device(self.vae.parameters.device());
        Ok(vec![self.vae.encode(&self.vae.intensities(&images), Mode::Evaluate).mean])
    }

    fn decode(&self, latents: &[Tensor]) -> Decoded {
        Decoded::Images(self.vae.decode(&latents[0], Mode::Evaluate))
    }
}
