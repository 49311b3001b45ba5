//! Planning by gradient descent on the direction and length of every step.

use anyhow::Result;
use tch::{Kind, Tensor, no_grad};

use super::imagination::Imagination;
use super::problems::Problems;
use crate::native::clear_gradients;
use crate::optim::{Adam, Optimiser, Rates};
use crate::runs::Progress;
use crate::worlds::dots::data::MAX_STEP;

const ITERATIONS: u64 = 100;
const LR: f64 = 0.1;
/// The factor on the lengths of the initial plan, which is the problem's random one. Shorter steps
/// avoid walls: a plan that ends at a wall has no gradient.
const FIRST_LENGTH: f64 = 0.25;

/// The best plans `[S, N, 2]`, in pixels, among the iterates of Adam.
///
/// # Errors
/// [`crate::training::Interrupted`] when `progress` asks for it.
pub fn plans(imagination: &Imagination, problems: &Problems, progress: &dyn Progress) -> Result<Tensor> {
    let (x, y) = (problems.random_plans.select(-1, 0), problems.random_plans.select(-1, 1));
    let direction = y.atan2(&x).set_requires_grad(true); // [S, N]
    let mut length = ((x.square() + y.square()).sqrt() * FIRST_LENGTH).set_requires_grad(true);
    let variables = [&direction, &length].map(Tensor::shallow_clone);
    let names = ["direction".to_owned(), "length".to_owned()];
    let mut adam =
        Adam::new(names.into_iter().zip([&direction, &length].map(Tensor::shallow_clone)).collect(), 1e-8);
    let mut best = Best::new(problems);
    for iteration in 0..ITERATIONS {
        progress.update("planning by gradient", iteration, ITERATIONS)?;
        let plans = Tensor::stack(&[&length * direction.cos(), &length * direction.sin()], -1);
        let misses = imagination.misses(problems, &plans);
        best.update(&plans.detach(), &misses.detach());
        clear_gradients(&variables);
        descend(&misses.sum(Kind::Float), &variables);
        adam.step(Rates::constant(LR));
        let _ = no_grad(|| length.clamp_(0.0, MAX_STEP));
    }
    Ok(best.plans)
}

/// Sets the gradients of `loss` w.r.t. direction and length, and none of the model's parameters.
fn descend(loss: &Tensor, [direction, length]: &[Tensor; 2]) {
    // The added 0 gives a model that ignores actions a gradient of 0 instead of an undefined one.
    let loss = loss + (direction.sum(Kind::Float) + length.sum(Kind::Float)) * 0.0;
    let gradients = Tensor::run_backward(&[loss], &[direction, length], false, false);
    (direction * &gradients[0] + length * &gradients[1]).sum(Kind::Float).backward();
}

/// The plan with the smallest predicted squared distance from the target, for each problem.
pub struct Best {
    pub plans: Tensor,
    misses: Tensor,
}

impl Best {
    /// The random plans of the problems, to be replaced by any other.
    pub fn new(problems: &Problems) -> Self {
        Self {
            plans: problems.random_plans.copy(),
            misses: problems.targets.select(-1, 0).full_like(f64::INFINITY),
        }
    }

    /// Keeps those of `plans` `[S, N, 2]` whose `misses` `[N]` are smaller.
    pub fn update(&mut self, plans: &Tensor, misses: &Tensor) {
        let better = misses.less_tensor(&self.misses);
        self.plans = plans.where_self(&better.unsqueeze(0).unsqueeze(-1), &self.plans);
        self.misses = misses.minimum(&self.misses);
    }
}
