//! Root mean square normalisation (Zhang and Sennrich, arXiv 1910.07467).

use tch::{Kind, Tensor};

/// Divides each row by its root mean square and scales its features.
pub struct RmsNorm {
    pub weight: Tensor,
    /// The number that is added to the mean square.
    pub epsilon: f64,
}

impl RmsNorm {
    /// `[.., d]` -> `[.., d]`, computed in float32 before the scale.
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let exact = x.to_kind(Kind::Float);
        let mean = exact.square().mean_dim(-1, true, Kind::Float);
        let normalised = exact * (mean + self.epsilon).rsqrt();
        &self.weight * normalised.to_kind(x.kind())
    }
}
