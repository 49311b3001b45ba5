//! Planning by descent: the gradient of the imagined miss with respect to every step's direction and length.

use anyhow::Result;
use tch::{Kind, Tensor, no_grad};

use super::imagination::Imagination;
use super::problems::Problems;
use crate::native::clear_gradients;
use crate::optim::{Adam, Optimiser};
use crate::runs::Progress;
use crate::worlds::dots::data::MAX_STEP;

const ITERATIONS: u64 = 100;
const RATE: f64 = 0.1;
/// Descent sets out from the problems' habits made so much shorter: a plan that runs into a wall no longer changes
/// its end when it is changed, and has no gradient.
const FIRST_LENGTH: f64 = 0.25;

/// The best plans `[S, N, 2]` in pixels that Adam comes past.
pub fn plans(imagination: &Imagination, problems: &Problems, progress: &dyn Progress) -> Result<Tensor> {
    let (x, y) = (problems.habits.select(-1, 0), problems.habits.select(-1, 1));
    let direction = y.atan2(&x).set_requires_grad(true); // [S, N]
    let mut length = ((x.square() + y.square()).sqrt() * FIRST_LENGTH).set_requires_grad(true);
    let steered = [&direction, &length].map(Tensor::shallow_clone);
    let names = ["direction".to_owned(), "length".to_owned()];
    let mut adam =
        Adam::new(names.into_iter().zip([&direction, &length].map(Tensor::shallow_clone)).collect(), 1e-8);
    let mut best = Best::new(problems);
    for iteration in 0..ITERATIONS {
        progress.update("planning by gradient", iteration, ITERATIONS)?;
        let plans = Tensor::stack(&[&length * direction.cos(), &length * direction.sin()], -1);
        let misses = imagination.misses(problems, &plans);
        best.see(&plans.detach(), &misses.detach());
        clear_gradients(&steered);
        descend(&misses.sum(Kind::Float), &steered);
        adam.step(RATE);
        let _ = no_grad(|| length.clamp_(0.0, MAX_STEP));
    }
    Ok(best.plans)
}

/// Leaves the gradients of `loss` at `steered` and nowhere else: the model's own parameters are not to be touched.
fn descend(loss: &Tensor, [direction, length]: &[Tensor; 2]) {
    // A model that predicts no change does not listen to actions; it has a gradient of 0, not none.
    let loss = loss + (direction.sum(Kind::Float) + length.sum(Kind::Float)) * 0.0;
    let gradients = Tensor::run_backward(&[loss], &[direction, length], false, false);
    (direction * &gradients[0] + length * &gradients[1]).sum(Kind::Float).backward();
}

/// The plan with the smallest imagined miss for each problem.
pub struct Best {
    pub plans: Tensor,
    misses: Tensor,
}

impl Best {
    pub fn new(problems: &Problems) -> Self {
        Self {
            plans: problems.habits.copy(),
            misses: problems.targets.select(-1, 0).full_like(f64::INFINITY),
        }
    }

    /// Takes over plans `[S, N, 2]` where their misses `[N]` are smaller.
    pub fn see(&mut self, plans: &Tensor, misses: &Tensor) {
        let better = misses.less_tensor(&self.misses);
        self.plans = plans.where_self(&better.unsqueeze(0).unsqueeze(-1), &self.plans);
        self.misses = misses.minimum(&self.misses);
    }
}
