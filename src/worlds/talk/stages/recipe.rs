//! Recipes and plans of the stages that learn.

use crate::optim::{Cycle, LrSchedule, OptimizerKind, Recipe};
use crate::training::{Plan, RunKeys};

/// Steps of an epoch, for checkpoints.
pub const EPOCH: u64 = 50;

/// The rate of a stage that learns.
pub struct Rate {
    pub steps: usize,
    pub lr: f64,
    /// The share of steps in which the rate rises.
    pub rise: f64,
    pub beta2: f64,
    pub weight_decay: f64,
    pub clip: f64,
}

/// AdamW whose rate rises and then falls to a tenth, by half a cosine each.
pub fn recipe(rate: &Rate) -> Recipe {
    let Rate { steps, lr, rise, beta2, weight_decay, clip } = *rate;
    let cycle = Cycle { peak: lr, first: lr / 50.0, last: lr / 10.0, rise, beta1: (0.9, 0.9) };
    Recipe {
        epochs: steps,
        optimizer: OptimizerKind::AdamWWith { betas: (0.9, beta2), epsilon: 1e-8, weight_decay },
        lr: LrSchedule::Cycle(cycle),
        clip_norm: Some(clip),
    }
}

/// The plan of `steps` steps, evaluated at the end.
pub fn plan(run: &RunKeys, steps: usize) -> Plan {
    Plan { evaluate_every_epochs: None, ..Plan::of_steps(run, steps as u64, EPOCH) }
}
