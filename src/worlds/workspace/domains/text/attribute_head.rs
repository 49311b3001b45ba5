//! Attributes from the mean of the text posterior.

use tch::{Kind, Tensor};

use crate::nn::{Linear, Scope};
use crate::worlds::workspace::data::CLASSES;

/// x, y, size, cos, sin, red, green and blue.
const ATTRIBUTES: i64 = 8;

/// A network from the mean to attributes.
pub struct AttributeHead {
    hidden: Linear,
    last: Linear,
}

/// Predicted attributes.
pub struct PredictedAttributes {
    /// Log-probabilities of the classes, `[N, 3]`.
    pub class: Tensor,
    /// x, y, size, cos, sin, red, green and blue in [-1, 1], `[N, 8]`.
    pub rest: Tensor,
}

impl AttributeHead {
    pub fn new(scope: &Scope, z: i64) -> Self {
        let outputs = CLASSES.len() as i64 + ATTRIBUTES;
        Self { hidden: Linear::new(&scope.sub(0), z, z), last: Linear::new(&scope.sub(2), z, outputs) }
    }

    /// The attributes that latents `[N, z]` tell.
    pub fn forward(&self, latents: &Tensor) -> PredictedAttributes {
        let out = self.last.forward(&self.hidden.forward(latents).relu()).to_kind(Kind::Float);
        let classes = CLASSES.len() as i64;
        PredictedAttributes {
            class: out.narrow(1, 0, classes).log_softmax(-1, Kind::Float),
            rest: out.narrow(1, classes, ATTRIBUTES).tanh(),
        }
    }
}

impl PredictedAttributes {
    /// The negative log-likelihood of classes `[N]`, a mean over rows, and the mean squared error
    /// of the other attributes `[N, 8]`.
    pub fn losses(&self, class: &Tensor, rest: &Tensor) -> [Tensor; 2] {
        [self.class.nll_loss(class), (&self.rest - rest).square().mean(Kind::Float)]
    }
}
