//! Gradient descent, for tasks that learn by it.

use std::collections::HashMap;

use anyhow::{Context, Result};
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
        self.descend_in_parts(step, std::iter::once_with(report))
    }

    /// [`Self::descend`] by the sum of `parts`, which are computed and differentiated one after the
    /// other, so that a single one is in memory.
    ///
    /// # Errors
    /// The errors of a part. The parameters are unchanged then.
    pub fn descend_in_parts(
        &mut self,
        step: u64,
        parts: impl Iterator<Item = Result<LossReport>>,
    ) -> Result<Step> {
        let report = self.step(step, || {
            let differentiated = parts.map(|part| {
                let part = part?;
                part.total.backward();
                Ok(part.detached())
            });
            let sum = |sum: Result<LossReport>, part: Result<LossReport>| Ok(sum?.plus(&part?));
            differentiated.reduce(sum).context("a step needs a batch")?
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

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::optim::{LrSchedule, OptimizerKind};

    fn descent(parameters: &Parameters) -> GradientDescent {
        let recipe = Recipe {
            epochs: 1,
            optimizer: OptimizerKind::AdamW { epsilon: 1e-8, weight_decay: 0.0 },
            lr: LrSchedule::Constant { lr: 0.1, decay_epoch: None },
            clip_norm: Some(1.0),
        };
        GradientDescent::new(parameters, &recipe, 4, 10)
    }

    #[test]
    fn a_step_by_parts_is_the_step_by_their_sum() {
        let data = [0.5, -2.0, 3.0, 1.0];
        let taken = |sizes: &[usize]| {
            let parameters = Parameters::new(Device::Cpu, 1);
            let x = parameters.root().constant("x", &[2], 0.3);
            let mut descent = descent(&parameters);
            let mut reports = vec![];
            for step in 0..3 {
                let mut rest = &data[..];
                let parts = sizes.iter().map(|size| {
                    let (part, others) = rest.split_at(*size);
                    rest = others;
                    let part = Tensor::from_slice(part).to_kind(Kind::Float);
                    let loss = (x.get(0) * part - x.get(1)).square().sum(Kind::Float) / 4.0;
                    Ok(LossReport::weighted(vec![("squares", 1.0, loss)]))
                });
                reports.push(descent.descend_in_parts(step, parts).unwrap().report.values());
            }
            (x.detach(), Tensor::stack(&reports, 0))
        };
        let (expected, values) = taken(&[4]);
        for sizes in [vec![2, 2], vec![1, 3], vec![1, 1, 1, 1]] {
            let (found, found_values) = taken(&sizes);
            assert!((found - &expected).abs().max().double_value(&[]) < 1e-5, "{sizes:?}");
            assert!((found_values - &values).abs().max().double_value(&[]) < 1e-5, "{sizes:?}");
        }
        let mut empty = descent(&Parameters::new(Device::Cpu, 1));
        assert!(empty.descend_in_parts(0, std::iter::empty()).is_err());
    }
}
