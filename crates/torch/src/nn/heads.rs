//! Heads on encodings: the projector before a loss, and the head that predicts actions.

use anyhow::Result;
use tch::Tensor;

use super::{Linear, Mlp, Mode, Scope, layer_sizes};

/// The map from encodings to the space in which a loss compares them: an MLP or the identity.
pub struct Projector {
    mlp: Option<Mlp>,
}

impl Projector {
    /// The projector `arch` for encodings with `embedding` features.
    ///
    /// # Errors
    /// When `arch` is neither `id` nor a list of sizes.
    pub fn new(scope: &Scope, arch: &str, embedding: i64) -> Result<Self> {
        if arch == "id" {
            return Ok(Self { mlp: None });
        }
        let sizes = [vec![embedding], layer_sizes(arch).map_err(anyhow::Error::msg)?].concat();
        Ok(Self { mlp: Some(Mlp::new(&scope.sub("model"), &sizes)) })
    }

    /// encodings `[T, B, D]` -> projections `[T, B, P]`, batch statistics over all T * B rows
    pub fn forward(&self, encodings: &Tensor, mode: Mode) -> Tensor {
        let Some(mlp) = &self.mlp else { return encodings.shallow_clone() };
        let size = encodings.size();
        mlp.forward(&encodings.flatten(0, 1), mode).view([size[0], size[1], -1])
    }

    /// encodings `[T, B, D]` -> projections `[T, B, P]`, batch statistics of each step alone, as
    /// the published code projects predictions
    pub fn forward_stepwise(&self, encodings: &Tensor, mode: Mode) -> Tensor {
        let Some(mlp) = &self.mlp else { return encodings.shallow_clone() };
        let steps: Vec<Tensor> = encodings.unbind(0).iter().map(|step| mlp.forward(step, mode)).collect();
        Tensor::stack(&steps, 0)
    }
}

/// The head that predicts the action between two successive encodings.
pub struct ActionHead {
    model: Linear,
}

impl ActionHead {
    pub fn new(scope: &Scope, embedding: i64, action_size: i64) -> Self {
        Self { model: Linear::new(&scope.sub("model"), 2 * embedding, action_size) }
    }

    /// encodings before and after the action `[.., D]` -> actions `[.., A]`
    pub fn forward(&self, before: &Tensor, after: &Tensor) -> Tensor {
        self.model.forward(&Tensor::cat(&[before, after], -1))
    }
}
