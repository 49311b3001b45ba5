//! The attribute domain.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use ndarray::s;
use tch::{Device, Tensor};

use super::{AttrSettings, AttributeCode, AttributeVae, LATENT};
use crate::training::load_model_tensors;
use crate::worlds::workspace::data::CLASSES;
use crate::worlds::workspace::domains::{Activation, Decoded, Domain, Items, Part, PartLoss};

/// The attributes themselves, or the means of the posteriors of a trained autoencoder of them.
pub struct AttributeDomain {
    code: AttributeCode,
    vae: Option<AttributeVae>,
    device: Device,
}

impl AttributeDomain {
    /// The attributes of items with `unpaired_dim` unpaired numbers.
    pub fn plain(settings: &AttrSettings, unpaired_dim: usize, device: Device) -> Self {
        Self { code: AttributeCode::new(settings, unpaired_dim), vae: None, device }
    }

    /// The autoencoder of these settings in a checkpoint of `ShapesAttributes`.
    ///
    /// # Errors
    /// When the checkpoint cannot be read or holds another model.
    pub fn load(
        settings: &AttrSettings,
        unpaired_dim: usize,
        checkpoint: &Path,
        device: Device,
    ) -> Result<Self> {
        let plain = Self::plain(settings, unpaired_dim, device);
        let vae = AttributeVae::new(&plain.code, 0, device);
        let does_not_fit = || format!("{} does not fit the settings under `attr`", checkpoint.display());
        vae.parameters.assign(&load_model_tensors(checkpoint)?).with_context(does_not_fit)?;
        Ok(Self { vae: Some(vae), ..plain })
    }

    /// The map between shapes and numbers.
    pub fn code(&self) -> &AttributeCode {
        &self.code
    }
}

impl Domain for AttributeDomain {
    fn name(&self) -> &str {
        "attr"
    }

    fn parts(&self) -> Vec<Part> {
        let squared = PartLoss::SquaredError;
        if self.vae.is_some() {
            return vec![Part { name: "z", width: LATENT, activation: Activation::Identity, loss: squared }];
        }
        let classes = Part {
            name: "z_cls",
            width: CLASSES.len() as i64,
            activation: Activation::LogSoftmax,
            loss: PartLoss::NegativeLogLikelihood,
        };
        let width = self.code.width() as i64;
        vec![classes, Part { name: "z_attr", width, activation: Activation::Tanh, loss: squared }]
    }

    fn encode(&self, items: &Items, picked: Range<usize>) -> Result<Vec<Tensor>> {
        let unpaired = items.unpaired.slice(s![picked.clone(), ..]);
        let numbers = self.code.encode(&items.shapes[picked], unpaired);
        let [classes, rest] = numbers.map(|numbers| numbers.to_device(self.device));
        Ok(match &self.vae {
            Some(vae) => vec![vae.encode(&classes, &rest).mean],
            None => vec![classes, rest],
        })
    }

    fn decode(&self, latents: &[Tensor]) -> Decoded {
        Decoded::Shapes(match &self.vae {
            Some(vae) => {
                let [classes, rest] = vae.decode(&latents[0]);
                self.code.decode(&classes, &rest)
            }
            None => self.code.decode(&latents[0], &latents[1]),
        })
    }
}
