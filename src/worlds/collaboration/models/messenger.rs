//! Messengers: networks that write messages from a state and read messages into a state.

use tch::{Kind, Tensor};

use super::settings::{ComoSettings, MessengerKind};
use crate::nn::{BlockShape, CrossBlock, LayerNorm, Linear, Scope};

/// Added to the variance in the layer normalisation of a messenger.
const EPSILON: f64 = 1e-6;
/// Standard deviation of the initial query and placeholder.
const DEVIATION: f64 = 0.02;

/// The writer and the reader of one agent.
pub enum Messenger {
    Attention(Box<AttentionMessenger>),
    Linear(LinearMessenger),
}

/// Writer: a learned query attends to the state. Reader: state tokens attend to the messages. The
/// two share no weights.
pub struct AttentionMessenger {
    /// `[1, 1, m]`
    query: Tensor,
    query_in: Linear,
    writers: Vec<CrossBlock>,
    message_out: Linear,
    /// Added to every received message; `[1, 1, 1, m]` as in the published code.
    placeholder: Tensor,
    message_in: Linear,
    readers: Vec<CrossBlock>,
    read_whole_batch: bool,
}

/// Writer: a linear layer of the mean state token. Reader: a linear layer of the mean message,
/// added to every state token, then layer normalisation.
pub struct LinearMessenger {
    write: Linear,
    read: Linear,
    norm: LayerNorm,
}

impl Messenger {
    /// The messenger of `settings.collab_messenger`; `None` if the agents send no messages.
    pub fn new(scope: &Scope, settings: &ComoSettings) -> Option<Self> {
        match settings.collab_messenger {
            _ if !settings.communicates() => None,
            MessengerKind::None => None,
            MessengerKind::Attention => {
                Some(Self::Attention(Box::new(AttentionMessenger::new(scope, settings))))
            }
            MessengerKind::Linear => Some(Self::Linear(LinearMessenger::new(scope, settings))),
        }
    }

    /// state `[B, S, D]`, normalised -> message `[B, m]`
    pub fn write(&self, state: &Tensor) -> Tensor {
        match self {
            Self::Attention(messenger) => messenger.write(state),
            Self::Linear(messenger) => {
                messenger.write.forward(&state.mean_dim([1].as_slice(), false, None::<Kind>))
            }
        }
    }

    /// state `[B, S, D]` and messages `[B, K, m]` of K others -> state `[B, S, D]`
    pub fn read(&self, state: &Tensor, messages: &Tensor) -> Tensor {
        match self {
            Self::Attention(messenger) => messenger.read(state, messages),
            Self::Linear(messenger) => {
                let mean = messages.mean_dim([1].as_slice(), true, None::<Kind>);
                messenger.norm.forward(&(state + messenger.read.forward(&mean)))
            }
        }
    }
}

impl AttentionMessenger {
    fn new(scope: &Scope, settings: &ComoSettings) -> Self {
        let (features, size) = (settings.encoding_dim as i64, settings.collab_message_size as i64);
        let heads = settings.num_heads as i64;
        let shape = BlockShape { features, heads, qkv_bias: true, epsilon: EPSILON };
        let blocks = |name: &str| {
            let depth = 0..settings.collab_dec_depth;
            depth.map(|level| CrossBlock::new(&scope.sub(name).sub(level), shape)).collect()
        };
        Self {
            query: scope.normal("query_token", &[1, 1, size], DEVIATION),
            query_in: Linear::new(&scope.sub("enc_in_to_dec"), size, features),
            writers: blocks("enc_blocks"),
            message_out: Linear::new(&scope.sub("enc_dec_to_out"), features, size),
            placeholder: scope.normal("message_placeholder", &[1, 1, 1, size], DEVIATION),
            message_in: Linear::new(&scope.sub("dec_emb_proj"), size, features),
            readers: blocks("dec_blocks"),
            read_whole_batch: settings.read_whole_batch,
        }
    }

    fn write(&self, state: &Tensor) -> Tensor {
        let query = self.query_in.forward(&self.query);
        let answer = self.writers.iter().fold(query, |query, block| block.forward(&query, state));
        self.message_out.forward(&answer).squeeze_dim(1)
    }

    fn read(&self, state: &Tensor, messages: &Tensor) -> Tensor {
        let messages = self.message_in.forward(&(messages + self.placeholder.squeeze_dim(0)));
        let messages = if self.read_whole_batch { messages.flatten(0, 1).unsqueeze(0) } else { messages };
        self.readers.iter().fold(state.shallow_clone(), |state, block| block.forward(&state, &messages))
    }
}

impl LinearMessenger {
    fn new(scope: &Scope, settings: &ComoSettings) -> Self {
        let (features, size) = (settings.encoding_dim as i64, settings.collab_message_size as i64);
        Self {
            write: Linear::new(&scope.sub("encoder_proj"), features, size),
            read: Linear::new(&scope.sub("decoder_proj"), size, features),
            norm: LayerNorm::new(&scope.sub("norm"), features, EPSILON),
        }
    }
}

/// Each number mapped into [-1, 1] by tanh and rounded to the nearest of 2^bits levels. The
/// gradient is that without rounding: a straight-through estimator (Bengio, Leonard and Courville,
/// arXiv 1308.3432).
pub fn quantised(message: &Tensor, bits: u32) -> Tensor {
    let steps = f64::from((1u32 << bits) - 1);
    let squashed = message.to_kind(Kind::Float).tanh();
    let level = ((&squashed + 1.0) * (steps / 2.0)).round() * (2.0 / steps) - 1.0;
    (level - &squashed).detach() + squashed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fall_on_evenly_spaced_levels_and_gradients_pass() {
        let message = Tensor::from_slice(&[-9.0f32, -0.4, 0.1, 0.9, 9.0]).set_requires_grad(true);
        let levels = |bits| Vec::<f64>::try_from(quantised(&message, bits).to_kind(Kind::Double)).unwrap();
        assert_eq!(levels(1), [-1.0, -1.0, 1.0, 1.0, 1.0]);
        let third = 1.0 / 3.0;
        for (ours, expected) in levels(2).into_iter().zip([-1.0, -third, third, 1.0, 1.0]) {
            assert!((ours - expected).abs() < 1e-6);
        }
        quantised(&message, 2).sum(Kind::Float).backward();
        let grad = 1.0 - 0.1f64.tanh().powi(2);
        assert!((message.grad().double_value(&[2]) - grad).abs() < 1e-6);
    }
}
