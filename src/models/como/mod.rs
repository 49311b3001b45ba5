//! CoMo: agents that see a strip of an image each and must draw the rest, with nothing but a message from the others.

mod agent;
mod learning;
mod messenger;
mod settings;
mod strips;
mod trained;

use tch::{Device, Tensor};

pub use messenger::Messenger;
pub use settings::{ComoSettings, MessengerKind};
pub use strips::{squared_errors, strips, targets, whole};
pub use trained::{ComoFloors, ComoModel, DigitStrips};

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
        let look = |(i, agent): (usize, &Agent)| agent.look(&seen.select(1, i as i64));
        let minds: Vec<Mind> = self.agents.iter().enumerate().map(look).collect();
        let messages = self.communicates().then(|| self.told(&minds));
        let drawn = heard.iter().map(|&heard| match &messages {
            Some(messages) => self.drawn(self.informed(&minds, &arrived(messages, heard)).iter()),
            None => self.drawn(minds.iter()),
        });
        Tensor::stack(&drawn.collect::<Vec<_>>(), 0).sigmoid()
    }

    /// What everyone has to say, `[B, A, m]`.
    fn told(&self, minds: &[Mind]) -> Tensor {
        let speakers = self.agents.iter().zip(minds).zip(&self.messengers);
        let told = speakers.map(|((agent, mind), messenger)| self.sent(agent.tell(mind, messenger)));
        Tensor::stack(&told.collect::<Vec<_>>(), 1)
    }

    fn sent(&self, message: Tensor) -> Tensor {
        match self.message_bits {
            Some(bits) => quantised(&message, bits),
            None => message,
        }
    }

    /// Minds that have heard the messages `[B, A, m]` of all others.
    fn informed(&self, minds: &[Mind], messages: &Tensor) -> Vec<Mind> {
        let hearers = self.agents.iter().zip(minds).zip(&self.messengers).enumerate();
        let heard = hearers
            .map(|(i, ((agent, mind), messenger))| agent.hear(mind, &others(messages, i as i64), messenger));
        heard.collect()
    }

    fn drawn<'a>(&self, minds: impl Iterator<Item = &'a Mind>) -> Tensor {
        Tensor::stack(
            &self.agents.iter().zip(minds).map(|(agent, mind)| agent.draw(mind)).collect::<Vec<_>>(),
            1,
        )
    }
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
