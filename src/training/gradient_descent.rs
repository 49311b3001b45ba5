//! Gradient descent, for tasks that learn by it.

use std::collections::HashMap;

use anyhow::Result;
use tch::Tensor;

use super::Step;
use crate::native::{clear_gradients, clip_gradients};
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::objectives::scalars::Scalars;
use crate::optim::{self, Groups, Optimiser, Recipe, Schedule, restore};

/// The trained parameters with their optimiser, the schedule of its learning rate, and clipping.
pub struct GradientDescent {
    trained: Vec<Tensor>,
    optimizer: Box<dyn Optimiser>,
    schedule: Schedule,
    clip_norm: Option<f64>,
}

impl GradientDescent {
    /// Gradient descent of `parameters` by `recipe`, with batches of `batch_size`.
    pub fn new(parameters: &Parameters, recipe: &Recipe, batch_size: usize, steps_per_epoch: usize) -> Self {
        let optimizer = optim::build(recipe.optimizer, parameters.trainable());
        Self::with(optimizer, parameters, recipe, batch_size, steps_per_epoch)
    }

    /// Gradient descent with `factor` of its name on the learning rate of each parameter.
    pub fn with_factors(
        parameters: &Parameters,
        recipe: &Recipe,
        batch_size: usize,
        steps_per_epoch: usize,
        factor: impl Fn(&str) -> f64,
    ) -> Self {
        let groups = Groups::new(recipe.optimizer, parameters.trainable(), factor);
        Self::with(Box::new(groups), parameters, recipe, batch_size, steps_per_epoch)
    }

    fn with(
        optimizer: Box<dyn Optimiser>,
        parameters: &Parameters,
        recipe: &Recipe,
        batch_size: usize,
        steps_per_epoch: usize,
    ) -> Self {
        Self {
            trained: parameters.trainable().into_iter().map(|(_, tensor)| tensor).collect(),
            optimizer,
            schedule: Schedule::new(recipe.lr, batch_size, recipe.epochs, steps_per_epoch),
            clip_norm: recipe.clip_norm,
        }
    }

    /// Takes training step `step`, counted from 0. `differentiate` computes the gradients of the
    /// parameters.
    ///
    /// # Errors
    /// The errors of `differentiate`. The parameters are unchanged then.
    pub fn step<R>(&mut self, step: u64, differentiate: impl FnOnce() -> Result<R>) -> Result<R> {
        clear_gradients(&self.trained);
        let result = differentiate()?;
        if let Some(limit) = self.clip_norm {
            clip_gradients(&self.trained, limit);
        }
        self.optimizer.step(self.schedule.rates(step));
        Ok(result)
    }

    /// Takes training step `step`, counted from 0, with the gradient of the total of `report`.
    ///
    /// # Errors
    /// The errors of `report`. The parameters are unchanged then.
    pub fn descend(&mut self, step: u64, report: impl FnOnce() -> Result<LossReport>) -> Result<Step> {
        let report = self.step(step, || {
            let report = report()?;
            report.total.backward();
            Ok(report)
        })?;
        Ok(Step { report, observed: Scalars::default(), lr: Some(self.lr(step)) })
    }

    /// The learning rate of training step `step`, counted from 0.
    pub fn lr(&self, step: u64) -> f64 {
        self.schedule.lr(step)
    }

    /// The optimiser's tensors by name.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        self.optimizer.state()
    }

    /// Restores the tensors of [`Self::state`].
    ///
    /// # Errors
    /// Names the tensor that is missing or has another shape.
    pub fn restore(&self, state: &HashMap<String, Tensor>) -> Result<()> {
        restore(self.optimizer.as_ref(), state)
    }
}
