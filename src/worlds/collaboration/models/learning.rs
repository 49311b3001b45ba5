//! Gradients of the agents' losses, with each agent on its own CPU thread.
//!
//! Agents share no parameters. The loss `L_i` of agent i depends on its parameters `θ_i`, on its
//! state `s_i(θ_i)` and on the messages `m_j(θ_j)` of all agents. By the chain rule, the total loss
//! `L = Σ_i L_i` has the gradients
//!
//! ```text
//! ∂L/∂m_j = Σ_i ∂L_i/∂m_j
//! dL/dθ_j = ∂L_j/∂θ_j + ∂L_j/∂s_j · ds_j/dθ_j + ∂L/∂m_j · dm_j/dθ_j
//! ```
//!
//! Three phases, each agent on its own thread: (1) encode and write messages; (2) decode from
//! detached states and messages, and back-propagate to them; (3) sum the message gradients and
//! back-propagate through each sender.

use tch::{Kind, Tensor};

use super::agent::AgentState;
use super::autograd::{detached_leaf, vjp_scalar};
use super::{Como, MessageCondition, Outgoing, squared_errors, stacked_messages};
use crate::nn::Mode;
use crate::threads::{Shared, parallel_map};

/// An agent's loss with its gradients w.r.t. the agent's state and all messages `[B, A, m]`.
struct Gradients {
    loss: Tensor,
    state: AgentState,
    messages: Tensor,
}

/// The inputs of one training step.
#[derive(Clone, Copy)]
struct Inputs<'a> {
    model: &'a Como,
    /// `[B, A, P]`
    seen: &'a Tensor,
    /// `[B, A, Q]`
    targets: &'a Tensor,
    condition: MessageCondition<'a>,
}

impl Como {
    /// Adds the gradient of the sum of the agents' losses to the parameters, and returns that sum.
    /// Agent i sees `[B, A, P]` and reconstructs `[B, A, Q]`, as intensities in [0, 1].
    pub fn learn(&self, seen: &Tensor, targets: &Tensor, condition: MessageCondition) -> Tensor {
        let inputs = Inputs { model: self, seen, targets, condition };
        if !self.communicates() {
            return self.learn_alone(inputs);
        }
        let outgoing = self.encode_all(inputs);
        let gradients = self.decode_all(inputs, &outgoing);
        self.backward_through_senders(&outgoing, &gradients);
        sum(gradients.iter().map(|gradients| gradients.loss.shallow_clone()))
    }

    /// The loss and the gradients of agents without messages.
    fn learn_alone(&self, inputs: Inputs) -> Tensor {
        // SAFETY: `Inputs` holds tensors and plain values. Agent i writes to the gradients of its
        // own parameters only, which no other agent reads.
        let inputs = unsafe { Shared::new(inputs) };
        sum(self.each_agent(|i| {
            let Inputs { model, seen, targets, condition } = *inputs.get();
            let logits = model.train(|| model.decode(i, &model.encode(i, seen).state, None, condition));
            backward_loss(&logits, &targets.select(1, i as i64))
        }))
    }

    /// Phase 1: the states and messages of all agents, with their graphs.
    fn encode_all(&self, inputs: Inputs) -> Vec<Outgoing> {
        // SAFETY: as above; this phase writes to no tensor.
        let inputs = unsafe { Shared::new(inputs) };
        self.each_agent(|i| {
            let Inputs { model, seen, .. } = *inputs.get();
            model.train(|| model.encode(i, seen))
        })
    }

    /// Phase 2: the losses and their gradients w.r.t. detached states and messages.
    fn decode_all(&self, inputs: Inputs, outgoing: &[Outgoing]) -> Vec<Gradients> {
        let messages = stacked_messages(outgoing).expect("all agents send messages").detach();
        // SAFETY: as above; agent i also writes to the gradients of its own leaves.
        let shared = unsafe { Shared::new((inputs, outgoing, messages)) };
        self.each_agent(|i| {
            let (Inputs { model, targets, condition, .. }, outgoing, messages) = shared.get();
            let (state, messages) = (outgoing[i].state.detached_leaf(), detached_leaf(messages));
            let logits = model.train(|| model.decode(i, &state, Some(&messages), *condition));
            let loss = backward_loss(&logits, &targets.select(1, i as i64));
            Gradients { loss, state: state.grad(), messages: messages.grad() }
        })
    }

    /// Phase 3: back-propagates each agent's state gradient and message gradient to its parameters.
    fn backward_through_senders(&self, outgoing: &[Outgoing], gradients: &[Gradients]) {
        let of_messages = sum(gradients.iter().map(|gradients| gradients.messages.shallow_clone()));
        // SAFETY: as above; the graph of agent i is its own.
        let shared = unsafe { Shared::new((outgoing, gradients, of_messages)) };
        self.each_agent(|i| {
            let (outgoing, gradients, of_messages) = shared.get();
            let state = outgoing[i].state.vjp_scalar(&gradients[i].state);
            let message = outgoing[i].message.as_ref().expect("all agents send messages");
            (state + vjp_scalar(message, &of_messages.select(1, i as i64))).backward();
        });
    }

    fn each_agent<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        parallel_map(self.device, self.agents.len(), work)
    }

    fn train<T>(&self, network: impl FnOnce() -> T) -> T {
        self.precision.inside(self.device, Mode::Train, network)
    }
}

/// Back-propagates the mean squared error of a reconstruction `[B, Q]`, given as logits, and
/// returns that error, detached.
fn backward_loss(logits: &Tensor, target: &Tensor) -> Tensor {
    let drawn = logits.to_kind(Kind::Float).sigmoid();
    let loss = squared_errors(&drawn.unsqueeze(1), &target.unsqueeze(1)).sum(Kind::Float);
    loss.backward();
    loss.detach()
}

fn sum(all: impl IntoIterator<Item = Tensor>) -> Tensor {
    all.into_iter().reduce(|a, b| a + b).expect("a model has agents")
}
