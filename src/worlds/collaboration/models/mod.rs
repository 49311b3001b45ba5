//! CoMo, the collaborative autoencoder: each agent sees one strip of an image and reconstructs the
//! others from messages.

mod agent;
mod autograd;
mod learning;
mod messenger;
mod settings;
mod strips;
mod trained;

use std::ops::Range;

use tch::{Device, Tensor};

pub use messenger::Messenger;
pub use settings::{ComoSettings, MessengerKind};
pub use strips::{completed, squared_errors, strips, targets, whole};
pub use trained::{ComoModel, DigitStrips, LearnedBaselines};

use self::agent::{Agent, AgentState};
use self::messenger::quantised;
use self::strips::{PIXELS, others};
use crate::nn::{Precision, Scope};

/// Agents with their messengers.
pub struct Como {
    agents: Vec<Agent>,
    /// One for each agent, or none at all.
    messengers: Vec<Messenger>,
    message_bits: Option<u32>,
    precision: Precision,
    device: Device,
}

/// The messages that agents receive.
#[derive(Clone, Copy)]
pub enum MessageCondition<'a> {
    /// The messages as they were sent.
    Intact,
    /// Messages masked by `[B, A]`: 1 keeps, 0 replaces by zeros.
    Dropped(&'a Tensor),
    /// Zeros in place of all messages.
    Zeroed,
    /// The messages about the next image of the batch.
    Shuffled,
    /// Other messages `[B, A, m]` in place of those that were sent.
    Replaced(&'a Tensor),
}

/// An agent's state and outgoing message `[B, m]`, before it reads any.
struct Outgoing {
    state: AgentState,
    message: Option<Tensor>,
}

impl Como {
    /// Agents with the sizes of `settings`.
    pub fn new(scope: &Scope, settings: &ComoSettings, precision: Precision) -> Self {
        let strips = settings.strips();
        let inputs = PIXELS / strips;
        let (agents, messengers) = (scope.sub("agents"), scope.sub("collab_modules"));
        let each = || 0..settings.collab_n_agents;
        Self {
            agents: each()
                .map(|i| Agent::new(&agents.sub(i), settings, inputs, inputs * (strips - 1)))
                .collect(),
            messengers: each().filter_map(|i| Messenger::new(&messengers.sub(i), settings)).collect(),
            message_bits: settings.message_bits,
            precision,
            device: scope.device(),
        }
    }

    /// A single agent that sees and reconstructs the whole image: an autoencoder.
    pub fn autoencoder(scope: &Scope, settings: &ComoSettings, precision: Precision) -> Self {
        Self {
            agents: vec![Agent::new(&scope.sub("agents").sub(0), settings, PIXELS, PIXELS)],
            messengers: vec![],
            message_bits: None,
            precision,
            device: scope.device(),
        }
    }

    /// The number of agents, A.
    pub fn count(&self) -> i64 {
        self.agents.len() as i64
    }

    /// True if the agents send messages.
    pub fn communicates(&self) -> bool {
        !self.messengers.is_empty()
    }

    /// The reconstructions `[B, A, Q]` from what each agent sees, `[B, A, P]`: intensities in [0,
    /// 1], float32.
    pub fn draw(&self, seen: &Tensor, condition: MessageCondition) -> Tensor {
        self.draw_each(seen, &[condition]).squeeze_dim(0)
    }

    /// The reconstructions under each of H conditions, `[H, B, A, Q]`; images are encoded once.
    pub fn draw_each(&self, seen: &Tensor, conditions: &[MessageCondition]) -> Tensor {
        let outgoing: Vec<Outgoing> = self.each().map(|i| self.encode(i, seen)).collect();
        let messages = stacked_messages(&outgoing);
        let drawn = conditions.iter().map(|&condition| {
            let of = |i: usize| self.decode(i, &outgoing[i].state, messages.as_ref(), condition);
            let drawn = self.each().map(of);
            Tensor::stack(&drawn.collect::<Vec<_>>(), 1)
        });
        Tensor::stack(&drawn.collect::<Vec<_>>(), 0).sigmoid()
    }

    /// The messages `[B, A, m]` about what each agent sees, `[B, A, P]`; `None` if the agents send
    /// none.
    pub fn messages(&self, seen: &Tensor) -> Option<Tensor> {
        stacked_messages(&self.each().map(|i| self.encode(i, seen)).collect::<Vec<_>>())
    }

    fn each(&self) -> Range<usize> {
        0..self.agents.len()
    }

    /// The state and message of agent i, where `seen` `[B, A, P]` are the strips of all agents.
    fn encode(&self, i: usize, seen: &Tensor) -> Outgoing {
        let state = self.agents[i].encode(&seen.select(1, i as i64));
        let message = self.messengers.get(i).map(|own| self.quantise(self.agents[i].send(&state, own)));
        Outgoing { state, message }
    }

    /// The reconstruction of agent i, as logits `[B, Q]`, from its state and the messages of the
    /// other agents among all `messages` `[B, A, m]`, if any are sent.
    fn decode(
        &self,
        i: usize,
        state: &AgentState,
        messages: Option<&Tensor>,
        condition: MessageCondition,
    ) -> Tensor {
        let agent = &self.agents[i];
        match messages {
            Some(messages) => {
                let received = others(&delivered(messages, condition), i as i64);
                agent.decode(&agent.receive(state, &received, &self.messengers[i]))
            }
            None => agent.decode(state),
        }
    }

    fn quantise(&self, message: Tensor) -> Tensor {
        match self.message_bits {
            Some(bits) => quantised(&message, bits),
            None => message,
        }
    }
}

/// The messages `[B, m]` of all agents as one tensor `[B, A, m]`; `None` if the agents send none.
fn stacked_messages(outgoing: &[Outgoing]) -> Option<Tensor> {
    let messages = outgoing.iter().map(|outgoing| outgoing.message.as_ref()).collect::<Option<Vec<_>>>()?;
    Some(Tensor::stack(&messages, 1))
}

/// The messages `[B, A, m]` as delivered under a condition.
fn delivered(messages: &Tensor, condition: MessageCondition) -> Tensor {
    match condition {
        MessageCondition::Intact => messages.shallow_clone(),
        MessageCondition::Dropped(kept) => messages * kept.unsqueeze(-1),
        MessageCondition::Zeroed => messages.zeros_like(),
        MessageCondition::Shuffled => messages.roll([-1], [0]),
        MessageCondition::Replaced(others) => others.shallow_clone(),
    }
}
