//! Least squares in one pass over the data: normal equations, summed and solved in float64.

use anyhow::{Context, Result};
use tch::{Kind, Tensor};

/// The ridge, as a fraction of the mean squared feature. It keeps the system regular when features
/// are always 0.
const RIDGE: f64 = 1e-8;

/// The matrices `X^T X` and `X^T Y` of all rows added so far.
pub struct NormalEquations {
    gram: Tensor,
    moments: Tensor,
    bias: bool,
    ridge: f64,
}

impl NormalEquations {
    /// Equations for rows of `features` numbers, and a constant 1 if `bias`, that predict `targets`
    /// numbers.
    pub fn new(features: i64, targets: i64, bias: bool, device: tch::Device) -> Self {
        let columns = features + i64::from(bias);
        let zeros = |shape: [i64; 2]| Tensor::zeros(shape, (Kind::Double, device));
        Self { gram: zeros([columns, columns]), moments: zeros([columns, targets]), bias, ridge: RIDGE }
    }

    /// Equations without bias and ridge, for features known to be linearly independent.
    pub fn without_ridge(features: i64, targets: i64, device: tch::Device) -> Self {
        Self { ridge: 0.0, ..Self::new(features, targets, false, device) }
    }

    /// Adds rows: features `[N, D]` and targets `[N, K]`.
    pub fn add(&mut self, features: &Tensor, targets: &Tensor) {
        let mut x = features.to_kind(Kind::Double);
        if self.bias {
            x = Tensor::cat(
                &[x, Tensor::ones([features.size()[0], 1], (Kind::Double, features.device()))],
                1,
            );
        }
        let transposed = x.transpose(0, 1);
        let _ = self.gram.addmm_(&transposed, &x);
        let _ = self.moments.addmm_(&transposed, &targets.to_kind(Kind::Double));
    }

    /// The coefficients `[D, K]` in float64, or `[D + 1, K]` with a bias, which is the last row.
    ///
    /// # Errors
    /// When features are not finite, or linearly dependent and without a ridge.
    pub fn coefficients(&self) -> Result<Tensor> {
        let columns = self.gram.size()[0];
        let ridge = self.gram.trace() * (self.ridge / columns as f64);
        let system = &self.gram + Tensor::eye(columns, (Kind::Double, self.gram.device())) * ridge;
        let solved = Tensor::f_linalg_solve(&system, &self.moments, true);
        let solved = solved.ok().filter(|s| s.isfinite().all().int64_value(&[]) == 1);
        solved.context("the least squares have no solution: the encodings are not finite")
    }

    /// The weight `[K, D]` and the bias `[K]`, if any, in float32.
    ///
    /// # Errors
    /// When features are not finite.
    pub fn solve(&self) -> Result<(Tensor, Option<Tensor>)> {
        let columns = self.gram.size()[0];
        let solution = self.coefficients()?.transpose(0, 1).to_kind(Kind::Float);
        let features = columns - i64::from(self.bias);
        let weight = solution.narrow(1, 0, features).contiguous();
        Ok((weight, self.bias.then(|| solution.select(1, features).contiguous())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use tch::Device;

    #[test]
    fn a_linear_law_is_found_with_and_without_its_constant() {
        let draws = Draws::new(2);
        let kind = (Kind::Float, Device::Cpu);
        let (x, law) = (draws.normal([300, 4], kind.0), draws.normal([2, 4], kind.0));
        for bias in [false, true] {
            let y = x.matmul(&law.transpose(0, 1)) + if bias { 3.0 } else { 0.0 };
            let mut equations = NormalEquations::new(4, 2, bias, Device::Cpu);
            equations.add(&x.narrow(0, 0, 100), &y.narrow(0, 0, 100));
            equations.add(&x.narrow(0, 100, 200), &y.narrow(0, 100, 200));
            let (weight, constant) = equations.solve().unwrap();
            assert!((weight - &law).abs().max().double_value(&[]) < 1e-5);
            assert_eq!(constant.is_some(), bias);
            assert!(constant.is_none_or(|c| (c - 3.0).abs().max().double_value(&[]) < 1e-5));
        }
    }

    #[test]
    fn dead_features_do_not_matter_and_nan_is_an_error() {
        let x = Tensor::from_slice(&[1.0f32, 0.0, 2.0, 0.0]).view([2, 2]);
        let y = Tensor::from_slice(&[2.0f32, 4.0]).view([2, 1]);
        let mut equations = NormalEquations::new(2, 1, false, Device::Cpu);
        equations.add(&x, &y);
        assert!((equations.solve().unwrap().0.double_value(&[0, 0]) - 2.0).abs() < 1e-5);
        equations.add(&(&x * f64::NAN), &y);
        assert!(equations.solve().is_err());
    }
}
