//! Redundancy reduction between two views.
//!
//! Zbontar et al., *Barlow Twins* (arXiv 2103.03230), equations 1 and 2.

use tch::{Kind, Tensor};

/// The weight of off-diagonal entries relative to diagonal ones.
const OFF_DIAGONAL: f64 = 0.005;
/// Added to the variance, so that constant features do not divide by 0.
const EPSILON: f64 = 1e-5;

/// `sum_i (1 - C_ii)^2 + 0.005 sum_{i != j} C_ij^2` for the correlations C between the features of
/// two views `[N, D]`, divided by D.
pub fn cross_correlation(first: &Tensor, second: &Tensor) -> Tensor {
    let (rows, features) = first.size2().expect("a view is [rows, features]");
    let correlations = standardised(first).transpose(0, 1).matmul(&standardised(second)) / rows as f64;
    let diagonal = correlations.diagonal(0, 0, 1);
    let off_diagonal = correlations.square().sum(Kind::Float) - diagonal.square().sum(Kind::Float);
    ((diagonal - 1.0).square().sum(Kind::Float) + off_diagonal * OFF_DIAGONAL) / features as f64
}

/// `[N, D]` -> `[N, D]` with mean 0 and biased variance 1 of each feature
fn standardised(x: &Tensor) -> Tensor {
    let centred = x - x.mean_dim([0].as_slice(), true, Kind::Float);
    let variance = centred.square().mean_dim([0].as_slice(), true, Kind::Float);
    centred / (variance + EPSILON).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use tch::Device;

    #[test]
    fn agrees_with_a_loop_over_features() {
        let draws = Draws::new(6);
        let kind = (Kind::Double, Device::Cpu);
        let (a, b) = (draws.normal([7, 3], kind.0), draws.normal([7, 3], kind.0) * 2.0 + 1.0);
        let column = |x: &Tensor, i: i64| {
            let values = Vec::<f64>::try_from(x.select(1, i)).expect("floats");
            let mean = values.iter().sum::<f64>() / 7.0;
            let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 7.0 + 1e-5).sqrt();
            values.into_iter().map(|v| (v - mean) / deviation).collect::<Vec<f64>>()
        };
        let mut expected = 0.0;
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            let pairs = column(&a, i).into_iter().zip(column(&b, j));
            let correlation: f64 = pairs.map(|(x, y)| x * y).sum::<f64>() / 7.0;
            expected += if i == j { (1.0 - correlation).powi(2) } else { 0.005 * correlation.powi(2) } / 3.0;
        }
        assert!((cross_correlation(&a, &b).double_value(&[]) - expected).abs() < 1e-6 * expected);
    }

    #[test]
    fn equal_views_of_uncorrelated_features_cost_nothing() {
        let x = Tensor::from_slice(&[1.0f32, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0]).view([4, 2]);
        assert!(cross_correlation(&x, &(&x * 3.0)).double_value(&[]) < 1e-9);
        let opposed = cross_correlation(&x, &-&x).double_value(&[]);
        assert!((opposed - 4.0).abs() < 1e-4, "{opposed}");
    }
}
