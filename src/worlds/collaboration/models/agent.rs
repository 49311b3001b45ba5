//! One agent: it sees a strip of an image, keeps a state of several tokens, and draws what it did not see.

use tch::Tensor;

use super::learning::{along, leaf};
use super::{Messenger, settings::ComoSettings};
use crate::nn::{BlockShape, CrossBlock, LayerNorm, Linear, Scope};

/// Heads of the blocks in an agent's stacks.
pub const STACK_HEADS: i64 = 4;
/// Features between pixels and tokens.
const HIDDEN: i64 = 256;
/// Added to the variance in an agent's layer normalisation.
const EPSILON: f64 = 1e-5;

/// The networks of one agent.
pub struct Agent {
    encoder: [Linear; 2],
    decoder: [Linear; 2],
    /// `[S, D]`
    state: Tensor,
    norm_state: LayerNorm,
    state_stack: Vec<CrossBlock>,
    image_stack: Vec<CrossBlock>,
}

/// What an agent has in mind.
pub struct Mind {
    /// `[B, 1, D]`
    image: Tensor,
    /// `[B, S, D]`
    state: Tensor,
}

impl Mind {
    /// The same mind, where a graph begins.
    pub fn leaf(&self) -> Self {
        Self { image: leaf(&self.image), state: leaf(&self.state) }
    }

    /// The gradient at a leaf.
    pub fn slope(&self) -> Self {
        Self { image: self.image.grad(), state: self.state.grad() }
    }

    /// A scalar of that slope.
    pub fn along(&self, slope: &Self) -> Tensor {
        along(&self.image, &slope.image) + along(&self.state, &slope.state)
    }
}

impl Agent {
    /// An agent that sees `inputs` pixels and draws `outputs`.
    pub fn new(scope: &Scope, settings: &ComoSettings, inputs: i64, outputs: i64) -> Self {
        let features = settings.encoding_dim as i64;
        let shape = BlockShape { features, heads: STACK_HEADS, qkv_bias: false, epsilon: EPSILON };
        let stack = |name: &str| {
            (0..settings.num_heads).map(|level| CrossBlock::new(&scope.sub(name).sub(level), shape)).collect()
        };
        let (encoder, decoder) = (scope.sub("_encoder"), scope.sub("_decoder"));
        let tokens = settings.state_size as i64;
        Self {
            encoder: [
                Linear::new(&encoder.sub(1), inputs, HIDDEN),
                Linear::new(&encoder.sub(3), HIDDEN, features),
            ],
            decoder: [
                Linear::new(&decoder.sub(0), features, HIDDEN),
                Linear::new(&decoder.sub(2), HIDDEN, outputs),
            ],
            state: scope.sub("state_embed").normal("weight", &[tokens, features], 1.0),
            norm_state: LayerNorm::new(&scope.sub("norm_state"), features, EPSILON),
            state_stack: stack("xattn_state"),
            image_stack: stack("xattn_img"),
        }
    }

    /// What it sees, `[B, inputs]`, read into its state.
    pub fn look(&self, seen: &Tensor) -> Mind {
        let image = self.encoder[1].forward(&self.encoder[0].forward(seen).relu()).unsqueeze(1);
        let state = self.state.unsqueeze(0).to_kind(image.kind());
        let mut mind = Mind { image, state };
        for (state, image) in self.state_stack.iter().zip(&self.image_stack) {
            // Both read what the other was.
            mind = Mind {
                state: state.forward(&mind.state, &mind.image),
                image: image.forward(&mind.image, &mind.state),
            };
        }
        mind
    }

    /// A message `[B, m]` of what it has in mind.
    pub fn tell(&self, mind: &Mind, messenger: &Messenger) -> Tensor {
        messenger.write(&self.norm_state.forward(&mind.state))
    }

    /// Reads messages `[B, K, m]` into the state.
    pub fn hear(&self, mind: &Mind, messages: &Tensor, messenger: &Messenger) -> Mind {
        Mind { image: mind.image.shallow_clone(), state: messenger.read(&mind.state, messages) }
    }

    /// What it draws, as logits of intensities `[B, outputs]`.
    pub fn draw(&self, mind: &Mind) -> Tensor {
        let (mut image, mut state) = (mind.image.shallow_clone(), mind.state.shallow_clone());
        let last = self.image_stack.len() - 1;
        for (level, (reader, keeper)) in self.image_stack.iter().zip(&self.state_stack).enumerate() {
            let before = image;
            image = reader.forward(&before, &state);
            if level < last {
                state = keeper.forward(&state, &before);
            }
        }
        self.decoder[1].forward(&self.decoder[0].forward(&image.squeeze_dim(1)).relu())
    }
}
