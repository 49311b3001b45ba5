//! Optimisers and learning-rate schedules. tch has no LARS, and the state of its optimisers can
//! neither be saved nor restored.

mod adam;
mod groups;
mod lars;
mod recipe;
mod schedule;

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use tch::{Tensor, no_grad};

pub use adam::Adam;
pub use groups::Groups;
pub use lars::Lars;
pub use recipe::{Cycle, LrSchedule, OptimizerKind, Recipe};
pub use schedule::{Cosine, Schedule};

use crate::native::WeightDecay;

/// The numbers of one step that a schedule may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub lr: f64,
    /// Adam's decay rate of the first moment, where the schedule cycles it.
    pub beta1: Option<f64>,
}

impl Rates {
    /// This learning rate, with the optimiser's own `beta1`.
    pub fn constant(lr: f64) -> Self {
        Self { lr, beta1: None }
    }
}

/// An optimiser with named state.
pub trait Optimiser {
    /// Steps every parameter that has a gradient, with this learning rate.
    fn step(&mut self, rates: Rates);

    /// The tensors besides parameters and gradients that the next step depends on, by name.
    fn state(&self) -> Vec<(String, Tensor)>;
}

/// The optimiser of this kind for these parameters.
pub fn build(kind: OptimizerKind, parameters: Vec<(String, Tensor)>) -> Box<dyn Optimiser> {
    match kind {
        OptimizerKind::Lars => Box::new(Lars::new(parameters)),
        OptimizerKind::AdamW { epsilon, weight_decay } => {
            Box::new(Adam::with_decay(parameters, epsilon, WeightDecay::Decoupled(weight_decay)))
        }
        OptimizerKind::AdamWWith { betas, epsilon, weight_decay } => {
            let decay = WeightDecay::Decoupled(weight_decay);
            Box::new(Adam::with_decay(parameters, epsilon, decay).with_betas(betas))
        }
        OptimizerKind::Adam { epsilon, l2 } => {
            Box::new(Adam::with_decay(parameters, epsilon, WeightDecay::L2(l2)))
        }
    }
}

/// Copies `source` into the state of an optimiser.
///
/// # Errors
/// Names the tensor that is missing or has another shape.
pub fn restore(optimiser: &dyn Optimiser, source: &HashMap<String, Tensor>) -> Result<()> {
    for (name, mut tensor) in optimiser.state() {
        let value = source.get(&name).with_context(|| format!("tensor {name} is missing"))?;
        ensure!(
            value.size() == tensor.size(),
            "tensor {name} should be {:?}, it is {:?}",
            tensor.size(),
            value.size()
        );
        no_grad(|| tensor.copy_(value));
    }
    Ok(())
}

fn zeros_like(parameters: &[Tensor]) -> Vec<Tensor> {
    no_grad(|| parameters.iter().map(Tensor::zeros_like).collect())
}

/// Tensors with the names of their parameters behind `kind` and a dot.
fn named<'a>(
    kind: &'a str,
    names: &'a [String],
    tensors: &'a [Tensor],
) -> impl Iterator<Item = (String, Tensor)> + 'a {
    names.iter().zip(tensors).map(move |(name, tensor)| (format!("{kind}.{name}"), tensor.shallow_clone()))
}
