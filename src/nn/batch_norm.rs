//! Batch normalisation.

use tch::{Device, Tensor};

use super::{Mode, Scope};
use crate::native;

/// The part of the running statistics that a batch replaces.
const MOMENTUM: f64 = 0.1;
/// Added to a variance before its root is divided by.
const EPSILON: f64 = 1e-5;

/// Batch normalisation over all but the feature axis (axis 1).
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
}

impl BatchNorm {
    pub fn new(scope: &Scope, features: i64) -> Self {
        Self::starting_at(scope, features, 1.0)
    }

    /// With another first scale than 1.
    pub fn starting_at(scope: &Scope, features: i64, scale: f64) -> Self {
        Self {
            weight: scope.constant("weight", &[features], scale),
            bias: scope.constant("bias", &[features], 0.0),
            running_mean: scope.buffer("running_mean", &[features], 0.0),
            running_var: scope.buffer("running_var", &[features], 1.0),
        }
    }

    /// `[N, features, ..]` -> the same shape
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Tensor {
        let (weight, bias) = (Some(&self.weight), Some(&self.bias));
        let (mean, var) = (Some(&self.running_mean), Some(&self.running_var));
        x.batch_norm(weight, bias, mean, var, mode == Mode::Train, MOMENTUM, EPSILON, false)
    }

    /// `forward(relu(x))` for maps `[N, features, H, W]`, faster on the CPU
    pub fn after_relu(&self, x: &Tensor, mode: Mode) -> Tensor {
        if mode == Mode::Evaluate || x.device() != Device::Cpu {
            return self.forward(&x.relu(), mode);
        }
        let (y, mean, variance) = native::relu_batch_norm(x, &self.weight, &self.bias, EPSILON);
        let rows = (x.numel() / self.weight.numel()) as f64;
        let (mut running_mean, mut running_var) =
            (self.running_mean.shallow_clone(), self.running_var.shallow_clone());
        tch::no_grad(|| {
            let _ = running_mean.lerp_(&mean, MOMENTUM);
            let _ = running_var.lerp_(&(variance * (rows / (rows - 1.0))), MOMENTUM);
        });
        y
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::nn::Parameters;

    #[test]
    fn relu_and_normalisation_in_one_agree_with_float64_in_two() {
        tch::manual_seed(4);
        let scopes = [Parameters::new(Device::Cpu, 0), Parameters::new(Device::Cpu, 0)];
        let [fused, plain] = scopes.each_ref().map(|p| BatchNorm::new(&p.root(), 6));
        let plain = BatchNorm {
            weight: plain.weight.detach().to_kind(Kind::Double).set_requires_grad(true),
            bias: plain.bias.detach().to_kind(Kind::Double).set_requires_grad(true),
            running_mean: plain.running_mean.to_kind(Kind::Double),
            running_var: plain.running_var.to_kind(Kind::Double),
        };
        let x = Tensor::randn([700, 6, 5, 3], (Kind::Float, Device::Cpu)) + 0.5;
        let pull = Tensor::randn([700, 6, 5, 3], (Kind::Float, Device::Cpu));
        let [x1, x2] = [Kind::Float, Kind::Double].map(|kind| x.to_kind(kind).copy().set_requires_grad(true));
        let (y1, y2) = (fused.after_relu(&x1, Mode::Train), plain.forward(&x2.relu(), Mode::Train));
        (&y1 * &pull).sum(Kind::Float).backward();
        (&y2 * &pull).sum(Kind::Double).backward();
        for (ours, expected) in [
            (y1, y2),
            (x1.grad(), x2.grad()),
            (fused.weight.grad(), plain.weight.grad()),
            (fused.bias.grad(), plain.bias.grad()),
            (fused.running_mean, plain.running_mean),
            (fused.running_var, plain.running_var),
        ] {
            let largest = expected.abs().max().double_value(&[]);
            assert!((ours - &expected).abs().max().double_value(&[]) < 1e-5 * largest.max(1.0));
        }
    }
}
