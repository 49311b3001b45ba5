//! The agreement between predictions and their targets.

use tch::{Kind, Tensor};

/// The smallest divisor of the cosine.
const LEAST: f64 = 1e-12;

/// Targets and predictions `[T, B, D]` -> cosine similarity, norm of the targets, norm of the
/// predictions and mean squared difference, each averaged over sequences: `[T]`.
pub fn agreement(targets: &Tensor, predictions: &Tensor) -> [(&'static str, Tensor); 4] {
    let norm = |x: &Tensor| x.norm_scalaropt_dim(2.0, [-1].as_slice(), false);
    let (seen, predicted) = (norm(targets), norm(predictions));
    let product = (targets * predictions).sum_dim_intlist([-1].as_slice(), false, targets.kind());
    let cosine = product / (&seen * &predicted).clamp_min(LEAST);
    let difference = (targets - predictions).square().mean_dim([-1].as_slice(), false, targets.kind());
    [("cosine", cosine), ("norm", seen), ("predicted_norm", predicted), ("difference", difference)]
        .map(|(name, of)| (name, of.mean_dim([-1].as_slice(), false, Kind::Double)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_vectors_have_their_textbook_numbers() {
        // One step, two sequences: (3, 4) against (4, 3), then (1, 0) against (0, 2).
        let targets = Tensor::from_slice(&[3.0, 4.0, 1.0, 0.0]).view([1, 2, 2]);
        let predictions = Tensor::from_slice(&[4.0, 3.0, 0.0, 2.0]).view([1, 2, 2]);
        let expected = [0.96 / 2.0, 3.0, 3.5, (1.0 + 2.5) / 2.0];
        for ((name, value), expected) in agreement(&targets, &predictions).iter().zip(expected) {
            assert!((value.double_value(&[0]) - expected).abs() < 1e-12, "{name}");
        }
    }
}
