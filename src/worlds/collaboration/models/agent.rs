//! One agent: it encodes a strip of an image into a state of several tokens, and reconstructs the
//! rest.

use tch::Tensor;

use super::Messenger;
use super::autograd::{detached_leaf, vjp_scalar};
use super::settings::{ComoSettings, STACK_HEADS};
use crate::nn::{BlockShape, CrossBlock, LayerNorm, Linear, Scope};

/// Hidden features of the layers between pixels and tokens.
const HIDDEN: i64 = 256;
/// Added to the variance in the layer normalisation of an agent.
const EPSILON: f64 = 1e-5;

/// The networks of one agent.
pub struct Agent {
    encoder: [Linear; 2],
    decoder: [Linear; 2],
    /// The learned initial state, `[S, D]`.
    state: Tensor,
    norm_state: LayerNorm,
    state_stack: Vec<CrossBlock>,
    image_stack: Vec<CrossBlock>,
}

/// The tokens that an agent keeps about an image.
pub struct AgentState {
    /// The image token, `[B, 1, D]`.
    image: Tensor,
    /// The state tokens, `[B, S, D]`.
    state: Tensor,
}

impl AgentState {
    /// A detached copy that requires gradients.
    pub fn detached_leaf(&self) -> Self {
        Self { image: detached_leaf(&self.image), state: detached_leaf(&self.state) }
    }

    /// The gradients w.r.t. a leaf.
    pub fn grad(&self) -> Self {
        Self { image: self.image.grad(), state: self.state.grad() }
    }

    /// A scalar whose gradient w.r.t. this state is `grad`.
    pub fn vjp_scalar(&self, grad: &Self) -> Tensor {
        vjp_scalar(&self.image, &grad.image) + vjp_scalar(&self.state, &grad.state)
    }
}

impl Agent {
    /// An agent that sees `inputs` pixels and reconstructs `outputs` pixels.
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

    /// Encodes seen pixels `[B, inputs]`.
    pub fn encode(&self, seen: &Tensor) -> AgentState {
        let image = self.encoder[1].forward(&self.encoder[0].forward(seen).relu()).unsqueeze(1);
        let state = self.state.unsqueeze(0).to_kind(image.kind());
        let mut now = AgentState { image, state };
        for (state, image) in self.state_stack.iter().zip(&self.image_stack) {
            // Both read the other's tokens of the level before.
            now = AgentState {
                state: state.forward(&now.state, &now.image),
                image: image.forward(&now.image, &now.state),
            };
        }
        now
    }

    /// The message `[B, m]` about a state.
    pub fn send(&self, state: &AgentState, messenger: &Messenger) -> Tensor {
        messenger.write(&self.norm_state.forward(&state.state))
    }

    /// The state after reading messages `[B, K, m]`.
    pub fn receive(&self, state: &AgentState, messages: &Tensor, messenger: &Messenger) -> AgentState {
        AgentState { image: state.image.shallow_clone(), state: messenger.read(&state.state, messages) }
    }

    /// The reconstruction from a state, as logits of intensities `[B, outputs]`.
    pub fn decode(&self, from: &AgentState) -> Tensor {
        let (mut image, mut state) = (from.image.shallow_clone(), from.state.shallow_clone());
        let last = self.image_stack.len() - 1;
        for (level, (image_block, state_block)) in self.image_stack.iter().zip(&self.state_stack).enumerate()
        {
            let before = image;
            image = image_block.forward(&before, &state);
            if level < last {
                state = state_block.forward(&state, &before);
            }
        }
        self.decoder[1].forward(&self.decoder[0].forward(&image.squeeze_dim(1)).relu())
    }
}
