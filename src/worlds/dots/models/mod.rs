//! World models: one module for each `model_type`, with settings, networks, loss, encoder and
//! rollout.

mod adamw;
mod architecture;
mod jepa;
mod rssm;
mod simclr;
mod split;
mod target;
mod vicreg;
mod views;

use anyhow::Result;
use tch::{Device, Tensor};

pub use adamw::{AdamwSettings, OptimizerChoice};
pub use rssm::{Noise, Rssm, RssmSettings};
pub use simclr::{Negatives, Simclr, SimclrSettings};
pub use vicreg::{ActionPairs, SigregAxis, Vicreg, VicregSettings};

use self::jepa::Jepa;
use self::split::Parts;
use crate::diagnostics::Activations;
use crate::nn::{Mode, Parameters};
use crate::objectives::LossReport;
use crate::training::RunKeys;
use crate::worlds::dots::data::Trajectories;
use crate::worlds::dots::{ModelType, Settings};

/// A model that encodes images and predicts the encodings that follow under given actions.
pub trait WorldModel {
    /// All tensors of the model by name.
    fn parameters(&self) -> &Parameters;

    /// The number of features of an encoding, D.
    fn embedding(&self) -> i64;

    /// images `[N, C, 28, 28]` -> encodings `[N, D]`
    fn encode(&self, images: &Tensor, mode: Mode) -> Tensor;

    /// The parts of an encoding, in order; empty for one in one piece.
    fn parts(&self) -> Vec<Part> {
        vec![]
    }

    /// The number of burn-in frames, K: frames encoded before the first prediction. Frame 0 of
    /// predictions and scores is the last of them.
    fn burn_in(&self) -> usize {
        1
    }

    /// burn-in encodings `[K, B, D]`, actions since the first of them `[K+T-2, B, A]` -> predicted
    /// encodings of the following frames `[T-1, B, D]`
    ///
    /// A stochastic model samples the same rollout for the same `draw`.
    fn rollout(&self, seen: &Tensor, actions: &Tensor, draw: u64, mode: Mode) -> Tensor;

    /// Decoded images `[T, B, C, 28, 28]` of the last burn-in frame and of the rollout with the
    /// same arguments in evaluation mode; `None` for a model without a decoder.
    fn imagine(&self, _seen: &Tensor, _actions: &Tensor, _draw: u64) -> Option<Tensor> {
        None
    }

    /// The training loss on one batch.
    fn loss(&self, batch: &Trajectories) -> LossOutput;

    /// Called after each optimiser step.
    fn after_step(&self) {}
}

/// Features of an encoding that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    pub start: i64,
    pub count: i64,
}

impl Part {
    /// encodings `[.., D]` -> its features `[.., count]`
    pub fn of(&self, encodings: &Tensor) -> Tensor {
        encodings.narrow(-1, self.start, self.count)
    }
}

/// A loss, with the activations that diagnostics are computed from.
pub struct LossOutput {
    pub report: LossReport,
    pub activations: Activations,
}

/// A world model made of the networks of a [`Jepa`] and a loss.
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

    fn parts(&self) -> Vec<Part> {
        self.jepa().parts().map_or(vec![], Parts::named)
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

/// The model of `settings.model_type`, with initial parameters that follow from the seed.
///
/// # Errors
/// When the settings hold layer sizes that cannot be read, or the device lacks the precision.
pub fn build(settings: &Settings, run: &RunKeys, device: Device) -> Result<Box<dyn WorldModel>> {
    let (parameters, precision) = (Parameters::new(device, run.seed), run.precision);
    precision.check(device)?;
    Ok(match settings.model_type {
        ModelType::VICReg => Box::new(Vicreg::new(parameters, &settings.vicreg, precision)?),
        ModelType::SimCLR => Box::new(Simclr::new(parameters, &settings.simclr, precision)?),
        ModelType::RSSM => Box::new(Rssm::new(parameters, &settings.rssm, precision)?),
    })
}
