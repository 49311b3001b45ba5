//! World models: one file a `model_type`, each with its settings, its parameters, its loss, its encode and rollout.

mod jepa;
mod rssm;
mod simclr;
mod vicreg;

use anyhow::{Result, bail};
use tch::{Device, Tensor};

pub use rssm::RssmSettings;
pub use simclr::{Simclr, SimclrSettings};
pub use vicreg::{ActionPairs, Vicreg, VicregSettings};

use self::jepa::Jepa;
use crate::data::Trajectories;
use crate::nn::{Mode, Parameters};
use crate::objectives::LossReport;
use crate::schema::{ModelType, RunSettings};

/// A model that can look, and imagine what its actions will lead to.
pub trait WorldModel {
    /// Its tensors by name.
    fn parameters(&self) -> &Parameters;

    /// D, the features of an encoding.
    fn embedding(&self) -> i64;

    /// images `[N, C, 28, 28]` -> encodings `[N, D]`
    fn encode(&self, images: &Tensor, mode: Mode) -> Tensor;

    /// encoding `[B, D]` and actions `[T-1, B, A]` -> predicted encodings `[T-1, B, D]`
    fn rollout(&self, start: &Tensor, actions: &Tensor, mode: Mode) -> Tensor;

    /// What training minimises on one batch.
    fn loss(&self, batch: &Trajectories) -> LossReport;
}

/// A world model whose networks are those of a [`Jepa`]; only its loss is its own.
trait JointEmbedding {
    fn jepa(&self) -> &Jepa;

    fn loss(&self, batch: &Trajectories) -> LossReport;
}

impl<T: JointEmbedding> WorldModel for T {
    fn parameters(&self) -> &Parameters {
        &self.jepa().parameters
    }

    fn embedding(&self) -> i64 {
        self.jepa().embedding()
    }

    fn encode(&self, images: &Tensor, mode: Mode) -> Tensor {
        self.jepa().encode(images, mode)
    }

    fn rollout(&self, start: &Tensor, actions: &Tensor, mode: Mode) -> Tensor {
        self.jepa().rollout(start, actions, mode)
    }

    fn loss(&self, batch: &Trajectories) -> LossReport {
        JointEmbedding::loss(self, batch)
    }
}

/// How a model asks to be trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    pub epochs: usize,
    pub optimiser: Optimiser,
}

/// An optimiser with its learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimiser {
    /// LARS, with the rate for a batch of 256, warmed up and then annealed.
    Lars { base_lr: f64 },
}

/// Builds the model that `settings` ask for, with initial parameters that follow from the seed.
///
/// # Errors
/// When the settings name a part that is not built yet, or sizes that cannot be read.
pub fn build(settings: &RunSettings, device: Device) -> Result<Box<dyn WorldModel>> {
    let (parameters, precision) = (Parameters::new(device, settings.seed), settings.precision);
    precision.check(device)?;
    Ok(match settings.model_type {
        ModelType::VICReg => Box::new(Vicreg::new(parameters, &settings.vicreg, precision)?),
        ModelType::SimCLR => Box::new(Simclr::new(parameters, &settings.simclr, precision)?),
        ModelType::RSSM => bail!("model_type RSSM is not built yet; choose VICReg or SimCLR"),
    })
}

/// How the model that `settings` ask for is to be trained.
pub fn recipe(settings: &RunSettings) -> Recipe {
    let lars = |epochs, base_lr| Recipe { epochs, optimiser: Optimiser::Lars { base_lr } };
    match settings.model_type {
        ModelType::VICReg => lars(settings.vicreg.epochs, settings.vicreg.base_lr),
        ModelType::SimCLR | ModelType::RSSM => lars(settings.simclr.epochs, settings.simclr.base_lr),
    }
}
