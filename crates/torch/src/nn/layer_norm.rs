//! Layer normalisation (Ba, Kiros and Hinton, arXiv 1607.06450).

use tch::Tensor;

use super::Scope;

/// Normalises the features of each row to mean 0 and variance 1, then scales and shifts them.
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f64,
}

impl LayerNorm {
    /// Layer normalisation; `epsilon` is added to the variance.
    pub fn new(scope: &Scope, features: i64, epsilon: f64) -> Self {
        let constant = |name, value| scope.constant(name, &[features], value);
        Self { weight: constant("weight", 1.0), bias: constant("bias", 0.0), epsilon }
    }

    /// `[.., features]` -> `[.., features]`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.layer_norm(self.weight.size(), Some(&self.weight), Some(&self.bias), self.epsilon, true)
    }
}
