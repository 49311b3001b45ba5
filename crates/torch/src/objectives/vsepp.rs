//! The hinge loss of VSE++ with the hardest negative.
//!
//! Faghri, Fleet, Kiros and Fidler, *VSE++* (arXiv 1707.05612), equation 6.

use tch::{Kind, Tensor};

use super::info_nce::unit_length;

/// The margin between the cosine of a pair and of its hardest negative.
const MARGIN: f64 = 0.2;

/// The mean over rows of the hinges of both directions: the most by which another row's cosine
/// comes within the margin of the pair's. `a` and `b` are `[N, D]`; row i of one belongs to row i of
/// the other.
pub fn vsepp(a: &Tensor, b: &Tensor) -> Tensor {
    let cosines = unit_length(a).matmul(&unit_length(b).tr());
    let pairs = cosines.diagonal(0, 0, 1);
    let own = Tensor::eye(cosines.size()[0], (Kind::Bool, cosines.device()));
    let hardest = |dim: i64| {
        let hinges = (&cosines - pairs.unsqueeze(dim) + MARGIN).clamp_min(0.0).masked_fill(&own, 0.0);
        hinges.amax([dim].as_slice(), false).mean(Kind::Float)
    };
    hardest(0) + hardest(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardest_negative_counts_in_both_directions() {
        let (half, root) = (0.5f32, 0.75f32.sqrt());
        let a = Tensor::from_slice2(&[[1f32, 0.0], [0.0, 1.0], [-1.0, 0.0]]);
        let b = Tensor::from_slice2(&[[half, root], [0.0, 2.0], [-3.0, 0.0]]);
        // The cosines are 0.5 0 -1 / 0.866 1 0 / -0.5 0 1.
        let expected = (0.0 + (root - half + 0.2) + (root - 1.0 + 0.2)) / 3.0;
        let found = vsepp(&a, &b).double_value(&[]);
        assert!((found - f64::from(expected)).abs() < 1e-6, "{found} {expected}");
    }
}
