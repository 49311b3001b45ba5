//! Root mean square normalisation (Zhang and Sennrich, arXiv 1910.07467).

use tch::{Kind, Tensor};

use super::projection::cast;

/// Divides each row by its root mean square and scales its features.
pub struct RmsNorm {
    pub weight: Tensor,
    /// The number that is added to the mean square.
    pub epsilon: f64,
}

impl RmsNorm {
    /// `[.., d]` -> `[.., d]`, computed in float32 before the scale.
    pub fn forward(&self, x: &Tensor, gradient: bool) -> Tensor {
        if !gradient {
            return self.in_few_operations(x);
        }
        let exact = x.to_kind(Kind::Float);
        let mean = exact.square().mean_dim(-1, true, Kind::Float);
        let normalised = exact * (mean + self.epsilon).rsqrt();
        cast(&self.weight, x.kind()) * normalised.to_kind(x.kind())
    }

    fn in_few_operations(&self, x: &Tensor) -> Tensor {
        let size = [x.size()[x.dim() - 1]];
        if x.kind() == Kind::Float && self.weight.kind() == Kind::Float {
            return x.rms_norm(size, Some(&self.weight), self.epsilon);
        }
        let normalised = x.to_kind(Kind::Float).rms_norm(size, None::<&Tensor>, self.epsilon);
        cast(&self.weight, x.kind()) * normalised.to_kind(x.kind())
    }
}
