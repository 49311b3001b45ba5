//! The variance of features and the covariance between them.

use tch::Tensor;

/// The smallest divisor of a correlation: constant features correlate with nothing.
const LEAST: f64 = 1e-12;

/// `x` `[G, N, D]` -> mean |off-diagonal covariance|, mean standard deviation and mean
/// |off-diagonal correlation| over the N rows of each group, `[G]` each. Unbiased, so N must be at
/// least 2.
pub fn spread(x: &Tensor) -> [(&'static str, Tensor); 3] {
    let rows = x.size()[1];
    let centred = x - x.mean_dim([1].as_slice(), true, x.kind());
    let covariance = centred.transpose(1, 2).matmul(&centred) / (rows - 1) as f64;
    let deviation = covariance.diagonal(0, 1, 2).clamp_min(0.0).sqrt(); // [G, D]
    let scale = deviation.clamp_min(LEAST);
    let correlation = &covariance / (scale.unsqueeze(2) * scale.unsqueeze(1));
    [
        ("covariance", off_diagonal(&covariance)),
        ("std", deviation.mean_dim([1].as_slice(), false, x.kind())),
        ("correlation", off_diagonal(&correlation)),
    ]
}

/// The mean absolute entry off the diagonal of each matrix `[G, D, D]`.
fn off_diagonal(matrices: &Tensor) -> Tensor {
    let features = matrices.size()[1];
    let sum = |x: &Tensor, dims: &[i64]| x.abs().sum_dim_intlist(dims, false, x.kind());
    let others = sum(matrices, &[1, 2]) - sum(&matrices.diagonal(0, 1, 2), &[1]);
    others / (features * (features - 1)).max(1) as f64
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::draws::Draws;

    #[test]
    fn agrees_with_a_loop_over_pairs_of_features() {
        let draws = Draws::new(1);
        let x = draws.normal([2, 6, 4], Kind::Double) * 3.0 + 5.0;
        let found = spread(&x);
        for group in 0..2 {
            let column = |d: i64| Vec::<f64>::try_from(x.get(group).select(1, d)).unwrap();
            let product = |a: i64, b: i64| {
                let (a, b) = (column(a), column(b));
                let mean = |v: &[f64]| v.iter().sum::<f64>() / 6.0;
                a.iter().zip(&b).map(|(p, q)| (p - mean(&a)) * (q - mean(&b))).sum::<f64>() / 5.0
            };
            let (mut expected, mut deviation) = ([0.0; 3], 0.0);
            for a in 0..4 {
                deviation += product(a, a).sqrt() / 4.0;
                for b in (0..4).filter(|b| *b != a) {
                    expected[0] += product(a, b).abs() / 12.0;
                    expected[2] += (product(a, b) / (product(a, a) * product(b, b)).sqrt()).abs() / 12.0;
                }
            }
            expected[1] = deviation;
            for ((name, value), expected) in found.iter().zip(expected) {
                assert!((value.double_value(&[group]) - expected).abs() < 1e-12, "{name}");
            }
        }
    }

    #[test]
    fn a_collapsed_representation_has_neither_spread_nor_correlation() {
        for (name, value) in spread(&Tensor::ones([1, 5, 3], (Kind::Float, Device::Cpu))) {
            assert_eq!(value.double_value(&[0]), 0.0, "{name}");
        }
    }
}
