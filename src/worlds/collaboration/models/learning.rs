//! The gradient of what agents draw, each agent's on a CPU thread of its own.
//!
//! Agents share no parameter and touch each other through messages alone. So all look and speak; then all hear, draw and find
//! how what they heard should have been; then all learn how they should have spoken. It is the chain rule, cut where messages pass.

use tch::{Kind, Tensor};

use super::agent::Mind;
use super::{Como, Heard, squared_errors, together};
use crate::nn::Mode;
use crate::threads::{Shared, parallel_map};

/// An agent's error, and its slope at what the agent thought before it heard, and at all messages `[B, A, m]`.
struct Corrected {
    error: Tensor,
    mind: Mind,
    messages: Tensor,
}

impl Como {
    /// Leaves the gradient of the sum of the agents' errors with the parameters, and returns that sum: agent i sees
    /// `[B, A, P]` and is to draw `[B, A, Q]`, as intensities.
    pub fn learn(&self, seen: &Tensor, targets: &Tensor, heard: Heard) -> Tensor {
        // SAFETY, here and below: all of them hold tensors and plain values. Agent i writes to the gradients of its own
        // parameters and of its own copies of what it heard, which no other agent reads.
        let given = unsafe { Shared::new((self, seen, targets, heard)) };
        if !self.communicates() {
            return sum(self.each_agent(|i| {
                let (model, seen, targets, heard) = *given.get();
                let drawn = model.train(|| model.answer(i, &model.speak(i, seen).mind, None, heard));
                error(&drawn, &targets.select(1, i as i64))
            }));
        }
        let spoken = self.each_agent(|i| {
            let (model, seen, ..) = *given.get();
            model.train(|| model.speak(i, seen))
        });
        let messages = together(&spoken).expect("all agents speak").detach();
        let spoken = unsafe { Shared::new((spoken, messages)) };
        let corrected = self.each_agent(|i| {
            let ((model, _, targets, heard), (spoken, messages)) = (*given.get(), spoken.get());
            let (mind, messages) = (spoken[i].mind.leaf(), leaf(messages));
            let drawn = model.train(|| model.answer(i, &mind, Some(&messages), heard));
            let error = error(&drawn, &targets.select(1, i as i64));
            Corrected { error, mind: mind.slope(), messages: messages.grad() }
        });
        let slopes = sum(self.each().map(|i| corrected[i].messages.shallow_clone()));
        let corrected = unsafe { Shared::new((corrected, slopes)) };
        self.each_agent(|i| {
            let ((spoken, _), (corrected, slopes)) = (spoken.get(), corrected.get());
            let mind = spoken[i].mind.along(&corrected[i].mind);
            let message = spoken[i].message.as_ref().expect("all agents speak");
            (mind + along(message, &slopes.select(1, i as i64))).backward();
        });
        sum(corrected.get().0.iter().map(|corrected| corrected.error.shallow_clone()))
    }

    fn each_agent<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        parallel_map(self.device, self.agents.len(), work)
    }

    fn train<T>(&self, network: impl FnOnce() -> T) -> T {
        self.precision.inside(self.device, Mode::Train, network)
    }
}

/// Leaves the gradient of the mean squared error of a drawing `[B, Q]`, given as logits, and returns that error.
fn error(logits: &Tensor, target: &Tensor) -> Tensor {
    let drawn = logits.to_kind(Kind::Float).sigmoid();
    let error = squared_errors(&drawn.unsqueeze(1), &target.unsqueeze(1)).sum(Kind::Float);
    error.backward();
    error.detach()
}

/// The same values, where a graph begins.
pub fn leaf(x: &Tensor) -> Tensor {
    x.detach().set_requires_grad(true)
}

/// A scalar whose slope at `x` is `slope`.
pub fn along(x: &Tensor, slope: &Tensor) -> Tensor {
    (x * slope).sum(Kind::Float)
}

fn sum(all: impl IntoIterator<Item = Tensor>) -> Tensor {
    all.into_iter().reduce(|a, b| a + b).expect("there are agents")
}
