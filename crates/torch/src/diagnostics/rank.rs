//! Smooth ranks: the effective number of directions of a representation.

use tch::{Kind, Tensor};

/// RankMe (Garrido, Balestriero, Najman and LeCun, arXiv 2210.02885, section 3): exp of the entropy
/// of the normalised singular values of `rows` `[N, D]`, not centred.
pub fn rank_me(rows: &Tensor) -> Tensor {
    // The eigenvalues of the smaller product are all squared singular values that are not 0.
    let (count, features) = rows.size2().expect("rows are [N, D]");
    let x = if count < features { rows.transpose(0, 1) } else { rows.shallow_clone() };
    smooth_rank(&eigenvalues(&x.transpose(0, 1).matmul(&x)).sqrt())
}

/// exp of the entropy of `weights` `[K]`, normalised to sum 1; NaN if all are 0.
pub fn smooth_rank(weights: &Tensor) -> Tensor {
    let shares = weights / weights.sum(weights.kind());
    let entropy = -shares.xlogy(&shares).sum(weights.kind());
    entropy.exp()
}

/// The eigenvalues of a symmetric positive semidefinite matrix, clamped to at least 0; NaN if the
/// matrix is not finite.
pub fn eigenvalues(matrix: &Tensor) -> Tensor {
    let found = matrix.f_linalg_eigvalsh("L").map(|values| values.clamp_min(0.0));
    found.unwrap_or_else(|_| Tensor::full([matrix.size()[0]], f64::NAN, (Kind::Double, matrix.device())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;

    #[test]
    fn known_singular_values_have_known_ranks() {
        let diagonal = |values: &[f64]| rank_me(&Tensor::from_slice(values).diag(0)).double_value(&[]);
        assert!((diagonal(&[2.0, 2.0, 2.0]) - 3.0).abs() < 1e-12);
        assert!((diagonal(&[7.0, 0.0, 0.0]) - 1.0).abs() < 1e-6);
        let entropy = -(0.75 * 0.75f64.ln() + 0.25 * 0.25f64.ln());
        assert!((diagonal(&[3.0, 1.0]) - entropy.exp()).abs() < 1e-12);
        assert!(diagonal(&[0.0, 0.0]).is_nan() && diagonal(&[1.0, f64::NAN]).is_nan());
    }

    #[test]
    fn wide_and_tall_matrices_agree_with_their_singular_values() {
        let draws = Draws::new(4);
        for shape in [[7, 3], [3, 7]] {
            let rows = draws.normal(shape, Kind::Double) + 1.0;
            let (_, singular, _) = rows.svd(true, true);
            let singular = Vec::<f64>::try_from(singular).unwrap();
            let sum: f64 = singular.iter().sum();
            let entropy: f64 = singular.iter().map(|value| -value / sum * (value / sum).ln()).sum();
            assert!((rank_me(&rows).double_value(&[]) - entropy.exp()).abs() < 1e-6);
        }
    }
}
