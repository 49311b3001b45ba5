//! The variance and covariance terms of VICReg, which prevent collapse.
//!
//! Bardes, Ponce and LeCun, *VICReg* (arXiv 2105.04906), equations 1 to 4.

use tch::{Kind, Tensor};

/// Added to the variance, so that its square root is differentiable at 0.
const EPSILON: f64 = 1e-4;

/// The variance and covariance terms of one representation, scalars.
#[derive(Debug)]
pub struct VarianceCovariance {
    pub variance: Tensor,
    pub covariance: Tensor,
}

/// The terms of `x` `[G, N, D]`: statistics over the N rows of each of G groups, averaged over
/// groups.
///
/// `variance` is the mean over features of `relu(1 - sqrt(var + 1e-4))`, `covariance` the sum of
/// squared off-diagonal covariances divided by D. Both use the unbiased estimator, so N must be at
/// least 2.
pub fn variance_covariance(x: &Tensor) -> VarianceCovariance {
    let (groups, rows, features) = x.size3().expect("a representation is [groups, rows, features]");
    let centred = x - x.mean_dim([1].as_slice(), true, Kind::Float);
    let variances = centred.square().sum_dim_intlist([1].as_slice(), false, Kind::Float) / (rows - 1) as f64;
    let everything = squared_entries(&centred) / ((rows - 1) * (rows - 1)) as f64;
    let off_diagonal = everything - variances.square().sum(Kind::Float);
    let shortfall: Tensor = 1.0 - (&variances + EPSILON).sqrt();
    VarianceCovariance {
        variance: shortfall.relu().mean(Kind::Float),
        covariance: off_diagonal / (groups * features) as f64,
    }
}

/// The sum of squares of `x^T x` for `x` `[G, N, D]`. `x x^T` has the same sum, so the smaller of
/// the two is formed.
fn squared_entries(x: &Tensor) -> Tensor {
    let (_, rows, features) = x.size3().expect("checked by the caller");
    let transposed = x.transpose(1, 2);
    let gram = if rows < features { x.matmul(&transposed) } else { transposed.matmul(x) };
    gram.square().sum(Kind::Float)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;

    fn scalar(x: &Tensor) -> f64 {
        x.double_value(&[])
    }

    #[test]
    fn a_constant_representation_pays_the_whole_variance_hinge() {
        let terms = variance_covariance(&Tensor::ones([3, 5, 4], (Kind::Float, tch::Device::Cpu)));
        assert!((scalar(&terms.variance) - (1.0 - EPSILON.sqrt())).abs() < 1e-6);
        assert_eq!(scalar(&terms.covariance), 0.0);
    }

    #[test]
    fn two_equal_features_pay_their_squared_variance() {
        let column = Tensor::from_slice(&[-2.0f32, 0.0, 2.0]).view([1, 3, 1]); // variance 4
        let terms = variance_covariance(&column.repeat([1, 1, 2]));
        assert_eq!(scalar(&terms.variance), 0.0);
        assert!((scalar(&terms.covariance) - 2.0 * 16.0 / 2.0).abs() < 1e-5);
    }

    #[test]
    fn few_rows_and_many_rows_agree_with_the_covariance_matrix() {
        let draws = Draws::new(0);
        for (rows, features) in [(3, 7), (9, 4)] {
            let x = draws.normal([2, rows, features], Kind::Double);
            let mut expected = 0.0;
            for group in x.unbind(0) {
                let covariance = group.transpose(0, 1).cov(1, None::<&Tensor>, None::<&Tensor>);
                let off = &covariance - covariance.diag(0).diag(0);
                expected += scalar(&off.square().sum(Kind::Double)) / features as f64 / 2.0;
            }
            assert!((scalar(&variance_covariance(&x).covariance) - expected).abs() < 1e-5 * expected);
        }
    }
}
