//! CoMo: agents that see a strip of an image each and must draw the rest, with nothing but a message from the others.

mod agent;
mod learning;
mod messenger;
mod settings;
mod strips;
mod trained;

use std::ops::Range;

use tch::{Device, Tensor};

pub use messenger::Messenger;
pub use settings::{ComoSettings, MessengerKind};
pub use strips::{squared_errors, strips, targets, whole};
pub use trained::{ComoModel, DigitStrips, LearnedBaselines};

use self::agent::{Agent, Mind};
use self::messenger::quantised;
use self::strips::{PIXELS, others};
use crate::nn::{Precision, Scope};

/// Agents with their messengers.
pub struct Como {
    agents: Vec<Agent>,
    /// One each, or none.
    messengers: Vec<Messenger>,
    message_bits: Option<u32>,
    precision: Precision,
    device: Device,
}

/// What agents hear of what the others wrote.
#[derive(Clone, Copy)]
pub enum Heard<'a> {
    Written,
    /// The messages of which `[B, A]` says 1; in place of the others, zeros.
    Kept(&'a Tensor),
    /// Zeros.
    Nothing,
    /// What was written of the batch's next image.
    OfAnotherImage,
}

/// What an agent thinks, and says of it `[B, m]` where messages are sent, before it hears.
struct Spoken {
    mind: Mind,
    message: Option<Tensor>,
}

impl Como {
    /// The agents that `settings` ask for.
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

    /// A single agent that sees the whole image and draws it: an autoencoder.
    pub fn autoencoder(scope: &Scope, settings: &ComoSettings, precision: Precision) -> Self {
        Self {
            agents: vec![Agent::new(&scope.sub("agents").sub(0), settings, PIXELS, PIXELS)],
            messengers: vec![],
            message_bits: None,
            precision,
            device: scope.device(),
        }
    }

    /// A
    pub fn count(&self) -> i64 {
        self.agents.len() as i64
    }

    /// Whether its agents send each other messages.
    pub fn communicates(&self) -> bool {
        !self.messengers.is_empty()
    }

    /// What agent i sees `[B, A, P]` -> what it draws `[B, A, Q]` on hearing that, intensities in [0, 1]; in float32.
    pub fn draw(&self, seen: &Tensor, heard: Heard) -> Tensor {
        self.draw_each(seen, &[heard]).squeeze_dim(0)
    }

    /// The same for H ways to be heard, having looked but once: `[H, B, A, Q]`.
    pub fn draw_each(&self, seen: &Tensor, heard: &[Heard]) -> Tensor {
        let spoken: Vec<Spoken> = self.each().map(|i| self.speak(i, seen)).collect();
        let messages = together(&spoken);
        let drawn = heard.iter().map(|&heard| {
            let drawn = self.each().map(|i| self.answer(i, &spoken[i].mind, messages.as_ref(), heard));
            Tensor::stack(&drawn.collect::<Vec<_>>(), 1)
        });
        Tensor::stack(&drawn.collect::<Vec<_>>(), 0).sigmoid()
    }

    fn each(&self) -> Range<usize> {
        0..self.agents.len()
    }

    /// What agent i makes of what it sees, of all `[B, A, P]`.
    fn speak(&self, i: usize, seen: &Tensor) -> Spoken {
        let mind = self.agents[i].look(&seen.select(1, i as i64));
        let message = self.messengers.get(i).map(|own| self.sent(self.agents[i].tell(&mind, own)));
        Spoken { mind, message }
    }

    /// What agent i draws, as logits `[B, Q]`, on hearing the others of all messages `[B, A, m]`, where any are sent.
    fn answer(&self, i: usize, mind: &Mind, messages: Option<&Tensor>, heard: Heard) -> Tensor {
        let agent = &self.agents[i];
        match messages {
            Some(messages) => {
                let heard = others(&arrived(messages, heard), i as i64);
                agent.draw(&agent.hear(mind, &heard, &self.messengers[i]))
            }
            None => agent.draw(mind),
        }
    }

    fn sent(&self, message: Tensor) -> Tensor {
        match self.message_bits {
            Some(bits) => quantised(&message, bits),
            None => message,
        }
    }
}

/// The messages `[B, m]` of all agents as `[B, A, m]`; none where none are sent.
fn together(spoken: &[Spoken]) -> Option<Tensor> {
    let messages = spoken.iter().map(|spoken| spoken.message.as_ref()).collect::<Option<Vec<_>>>()?;
    Some(Tensor::stack(&messages, 1))
}

/// messages `[B, A, m]` as they are heard
fn arrived(messages: &Tensor, heard: Heard) -> Tensor {
    match heard {
        Heard::Written => messages.shallow_clone(),
        Heard::Kept(kept) => messages * kept.unsqueeze(-1),
        Heard::Nothing => messages.zeros_like(),
        Heard::OfAnotherImage => messages.roll([-1], [0]),
    }
}
