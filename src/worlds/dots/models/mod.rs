//! World models: one file a `model_type`, each with its settings, its parameters, its loss, its encode and rollout.

mod adamw;
mod jepa;
mod rssm;
mod simclr;
mod target;
mod vicreg;

use anyhow::Result;
use tch::{Device, Tensor};

pub use adamw::{AdamwSettings, OptimizerChoice};
pub use rssm::{Noise, Rssm, RssmSettings};
pub use simclr::{Negatives, Simclr, SimclrSettings};
pub use vicreg::{ActionPairs, SigregAxis, Vicreg, VicregSettings};

use self::jepa::Jepa;
use crate::diagnostics::Activations;
use crate::nn::{Mode, Parameters};
use crate::objectives::LossReport;
use crate::training::RunKeys;
use crate::worlds::dots::data::Trajectories;
use crate::worlds::dots::{ModelType, Settings};

/// A model that can look, and imagine what its actions will lead to.
pub trait WorldModel {
    /// Its tensors by name.
    fn parameters(&self) -> &Parameters;

    /// D, the features of an encoding.
    fn embedding(&self) -> i64;

    /// images `[N, C, 28, 28]` -> encodings `[N, D]`
    fn encode(&self, images: &Tensor, mode: Mode) -> Tensor;

    /// K, the frames it is shown before it predicts; predictions and scores count from the last of them.
    fn burn_in(&self) -> usize {
        1
    }

    /// encodings of the frames seen `[K, B, D]` and actions since the first of them `[K+T-2, B, A]` -> predicted
    /// encodings of the frames after them `[T-1, B, D]`
    ///
    /// A model that draws what it imagines draws the same for the same `draw`.
    fn rollout(&self, seen: &Tensor, actions: &Tensor, draw: u64, mode: Mode) -> Tensor;

    /// What it imagines as images `[T, B, C, 28, 28]`, the first of what it has seen, for the arguments of
    /// [`Self::rollout`] in evaluation; of a model that decodes nothing, `None`.
    fn imagine(&self, _seen: &Tensor, _actions: &Tensor, _draw: u64) -> Option<Tensor> {
        None
    }

    /// What training minimises on one batch.
    fn loss(&self, batch: &Trajectories) -> LossOutput;

    /// What follows each step of the optimiser.
    fn after_step(&self) {}
}

/// A loss with what it was computed from.
pub struct LossOutput {
    pub report: LossReport,
    pub activations: Activations,
}

/// A world model whose networks are those of a [`Jepa`]; only its loss is its own.
trait JointEmbedding {
    fn jepa(&self) -> &Jepa;

    fn loss(&self, batch: &Trajectories) -> LossOutput;
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

    fn burn_in(&self) -> usize {
        self.jepa().burn_in()
    }

    fn rollout(&self, seen: &Tensor, actions: &Tensor, _draw: u64, mode: Mode) -> Tensor {
        self.jepa().rollout(seen, actions, mode)
    }

    fn imagine(&self, seen: &Tensor, actions: &Tensor, _draw: u64) -> Option<Tensor> {
        self.jepa().imagine(seen, actions)
    }

    fn loss(&self, batch: &Trajectories) -> LossOutput {
        JointEmbedding::loss(self, batch)
    }

    fn after_step(&self) {
        self.jepa().after_step();
    }
}

/// Builds the model that `settings` ask for, with initial parameters that follow from the seed.
///
/// # Errors
/// When the settings name a part that is not built yet, or sizes that cannot be read.
pub fn build(settings: &Settings, run: &RunKeys, device: Device) -> Result<Box<dyn WorldModel>> {
    let (parameters, precision) = (Parameters::new(device, run.seed), run.precision);
    precision.check(device)?;
    Ok(match settings.model_type {
        ModelType::VICReg => Box::new(Vicreg::new(parameters, &settings.vicreg, precision)?),
        ModelType::SimCLR => Box::new(Simclr::new(parameters, &settings.simclr, precision)?),
        ModelType::RSSM => Box::new(Rssm::new(parameters, &settings.rssm, precision)?),
    })
}
