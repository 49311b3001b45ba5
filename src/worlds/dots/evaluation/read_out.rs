//! How well a linear map reads numbers from encodings.

use anyhow::Result;
use tch::{Device, Kind, Tensor};
use umwelt_torch::NormalEquations;

/// A linear map with bias from F features to K numbers. It is solved from the first three quarters
/// of the batches and scored on the rest.
pub struct ReadOut {
    training_batches: u64,
    equations: NormalEquations,
    held_out: Vec<(Tensor, Tensor)>,
}

impl ReadOut {
    /// A map for `batches` batches.
    pub fn new([features, numbers]: [i64; 2], batches: u64, device: Device) -> Self {
        let equations = NormalEquations::new(features, numbers, true, device);
        Self { training_batches: (3 * batches).div_ceil(4), equations, held_out: vec![] }
    }

    /// Adds features `[B, F]` and numbers `[B, K]` of batch `index`.
    pub fn add(&mut self, index: u64, features: &Tensor, numbers: &Tensor) {
        if index < self.training_batches {
            self.equations.add(features, numbers);
        } else {
            self.held_out.push((features.shallow_clone(), numbers.shallow_clone()));
        }
    }

    /// R^2 of each number on the held-out batches: at most 1, and below 0 if predicting the mean is
    /// better. `None` without a held-out batch.
    ///
    /// # Errors
    /// When the features are not finite.
    pub fn r2(self) -> Result<Option<Vec<f64>>> {
        if self.held_out.is_empty() {
            return Ok(None);
        }
        let (weight, bias) = self.equations.solve()?;
        let (features, numbers): (Vec<_>, Vec<_>) = self.held_out.into_iter().unzip();
        let predicted = Tensor::cat(&features, 0).linear(&weight, bias.as_ref());
        Ok(Some(Vec::try_from(r_squared(&predicted, &Tensor::cat(&numbers, 0)))?))
    }
}

/// 1 - residual variance / variance of each column of `truth` `[N, K]`, as `[K]`.
fn r_squared(predicted: &Tensor, truth: &Tensor) -> Tensor {
    let (predicted, truth) = (predicted.to_kind(Kind::Double), truth.to_kind(Kind::Double));
    let total = |x: Tensor| x.square().sum_dim_intlist([0].as_slice(), false, Kind::Double);
    let centred = &truth - truth.mean_dim([0].as_slice(), true, Kind::Double);
    1.0 - total(&truth - predicted) / total(centred)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_squared_is_one_minus_the_part_left_over() {
        let truth = Tensor::from_slice(&[1.0, 3.0, 5.0]).view([3, 1]); // variance 8 in all
        let guess = Tensor::from_slice(&[1.0, 3.0, 3.0]).view([3, 1]); // 4 left over
        assert!((r_squared(&guess, &truth).double_value(&[0]) - 0.5).abs() < 1e-12);
        assert_eq!(r_squared(&truth.full_like(3.0), &truth).double_value(&[0]), 0.0);
    }
}
