//! Batch normalisation.

use std::sync::Mutex;

use tch::{Device, Kind, Tensor};

use super::{Mode, Scope};
use crate::native::{self, ReluPlace};

/// Momentum: the share of the running statistics that a batch replaces.
const MOMENTUM: f64 = 0.1;
/// Added to the variance before taking its square root.
const EPSILON: f64 = 1e-5;

/// Batch normalisation over all but the feature axis (axis 1).
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    momentum: f64,
    /// The last result of [`Self::frame_weights`], kept because a copy to a GPU makes the process
    /// wait.
    frame_weights: Mutex<Option<Tensor>>,
}

impl BatchNorm {
    /// Batch normalisation with initial scale 1 and momentum 0.1.
    pub fn new(scope: &Scope, features: i64) -> Self {
        Self::with(scope, features, 1.0, MOMENTUM)
    }

    /// Batch normalisation with initial scale `scale`.
    pub fn starting_at(scope: &Scope, features: i64, scale: f64) -> Self {
        Self::with(scope, features, scale, MOMENTUM)
    }

    /// Batch normalisation whose running statistics have this momentum.
    pub fn with_momentum(scope: &Scope, features: i64, momentum: f64) -> Self {
        Self::with(scope, features, 1.0, momentum)
    }

    fn with(scope: &Scope, features: i64, scale: f64, momentum: f64) -> Self {
        Self {
            weight: scope.constant("weight", &[features], scale),
            bias: scope.constant("bias", &[features], 0.0),
            running_mean: scope.buffer("running_mean", &[features], 0.0),
            running_var: scope.buffer("running_var", &[features], 1.0),
            momentum,
            frame_weights: Mutex::default(),
        }
    }

    /// `[N, features, ..]` -> the same shape
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Tensor {
        let (weight, bias) = (Some(&self.weight), Some(&self.bias));
        let (mean, var) = (Some(&self.running_mean), Some(&self.running_var));
        x.batch_norm(weight, bias, mean, var, mode == Mode::Train, self.momentum, EPSILON, false)
    }

    /// `relu(forward(x))` for maps `[N, features, H, W]`, faster on the CPU
    pub fn before_relu(&self, x: &Tensor, mode: Mode) -> Tensor {
        if mode == Mode::Evaluate || x.device() != Device::Cpu {
            return self.forward(x, mode).relu();
        }
        self.fused(x, 1, ReluPlace::After)
    }

    /// `forward(relu(x))` for maps `[N, features, H, W]`, faster on the CPU
    pub fn after_relu(&self, x: &Tensor, mode: Mode) -> Tensor {
        self.after_relu_framewise(x, 1, mode)
    }

    /// `forward` for maps `[frames * N, features, H, W]` with separate batch statistics for each
    /// frame. The running statistics end as if the frames had been separate batches in this order.
    pub fn framewise(&self, x: &Tensor, frames: i64, mode: Mode) -> Tensor {
        if mode == Mode::Evaluate || frames == 1 {
            return self.forward(x, mode);
        }
        let features = self.weight.numel() as i64;
        let grouped = x.to_kind(Kind::Float).unflatten(0, [frames, -1]);
        let (variance, mean) = grouped.var_mean_correction([1i64, 3, 4].as_slice(), 0, true);
        self.update_running(&mean.view([frames, features]), &variance.view([frames, features]), x.numel());
        let [weight, bias] = [&self.weight, &self.bias].map(|tensor| tensor.view([-1, 1, 1]));
        let normal = (grouped - mean) * ((variance + EPSILON).rsqrt() * weight) + bias;
        normal.flatten(0, 1).to_kind(x.kind())
    }

    /// `framewise(relu(x))`, faster on the CPU
    pub fn after_relu_framewise(&self, x: &Tensor, frames: i64, mode: Mode) -> Tensor {
        if mode == Mode::Evaluate || x.device() != Device::Cpu {
            return self.framewise(&x.relu(), frames, mode);
        }
        self.fused(x, frames, ReluPlace::Before)
    }

    /// Batch normalisation in training mode with a ReLU, on the CPU.
    fn fused(&self, x: &Tensor, frames: i64, relu: ReluPlace) -> Tensor {
        let (y, mean, variance) = native::relu_batch_norm(x, &self.weight, &self.bias, frames, EPSILON, relu);
        self.update_running(&mean, &variance, x.numel());
        y
    }

    /// Updates the running statistics, frame by frame, with means and biased variances
    /// `[frames, features]` over `entries` numbers in total.
    fn update_running(&self, means: &Tensor, variances: &Tensor, entries: usize) {
        let frames = means.size()[0];
        let rows = (entries / means.numel()) as f64;
        let weights = self.frame_weights(frames, means.device());
        let unbiased = variances * (rows / (rows - 1.0));
        tch::no_grad(|| {
            for (running, batch) in [(&self.running_mean, means), (&self.running_var, &unbiased)] {
                let mut running = running.shallow_clone();
                running *= self.kept(frames);
                running += weights.matmul(batch);
            }
        });
    }

    /// The share of the running statistics that remains after `frames` frames.
    fn kept(&self, frames: i64) -> f64 {
        (1.0 - self.momentum).powi(frames as i32)
    }

    /// The share of each of `frames` frames in the final running statistics, `[frames]`.
    fn frame_weights(&self, frames: i64, device: Device) -> Tensor {
        let mut last = self.frame_weights.lock().expect("no panic while it was held");
        if let Some(weights) = last.as_ref().filter(|weights| weights.size() == [frames]) {
            return weights.shallow_clone();
        }
        let weight = |t| (self.momentum * self.kept(frames - 1 - t)) as f32;
        let weights = Tensor::from_slice(&(0..frames).map(weight).collect::<Vec<_>>()).to_device(device);
        last.insert(weights).shallow_clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    #[test]
    fn relu_and_normalisation_in_one_agree_with_float64_in_two() {
        agree(BatchNorm::after_relu, |norm, x, mode| norm.forward(&x.relu(), mode));
        agree(BatchNorm::before_relu, |norm, x, mode| norm.forward(x, mode).relu());
    }

    type Pass = fn(&BatchNorm, &Tensor, Mode) -> Tensor;

    /// Channels in whole vectors and the rest, in both widths of numbers.
    fn agree(in_one: Pass, in_two: Pass) {
        for channels in [6, 16, 38] {
            for kind in [Kind::Float, Kind::BFloat16] {
                agree_on(in_one, in_two, channels, kind);
            }
        }
    }

    fn agree_on(in_one: Pass, in_two: Pass, channels: i64, kind: Kind) {
        let draws = Draws::new(4);
        let scopes = [Parameters::new(Device::Cpu, 0), Parameters::new(Device::Cpu, 0)];
        let [fused, plain] = scopes.each_ref().map(|p| BatchNorm::new(&p.root(), channels));
        let plain = BatchNorm {
            weight: plain.weight.detach().to_kind(Kind::Double).set_requires_grad(true),
            bias: plain.bias.detach().to_kind(Kind::Double).set_requires_grad(true),
            running_mean: plain.running_mean.to_kind(Kind::Double),
            running_var: plain.running_var.to_kind(Kind::Double),
            momentum: MOMENTUM,
            frame_weights: Mutex::default(),
        };
        let [x, pull] = [0.5, 0.0].map(|offset| (draws.floats([700, channels, 5, 3]) + offset).to_kind(kind));
        let [x1, x2] = [kind, Kind::Double].map(|kind| x.to_kind(kind).copy().set_requires_grad(true));
        let (y1, y2) = (in_one(&fused, &x1, Mode::Train), in_two(&plain, &x2, Mode::Train));
        (&y1 * &pull).sum(Kind::Float).backward();
        (&y2 * &pull).sum(Kind::Double).backward();
        let rounding = if kind == Kind::BFloat16 { 1.0 / 256.0 } else { 1e-5 };
        for (name, ours, expected, tolerance) in [
            ("output", y1, y2, rounding),
            ("gradient", x1.grad(), x2.grad(), rounding),
            ("weight", fused.weight.grad(), plain.weight.grad(), 1e-5),
            ("bias", fused.bias.grad(), plain.bias.grad(), 1e-5),
            ("mean", fused.running_mean, plain.running_mean, 1e-5),
            ("variance", fused.running_var, plain.running_var, 1e-5),
        ] {
            let largest = expected.abs().max().double_value(&[]).max(1.0);
            let error = (ours - &expected).abs().max().double_value(&[]) / largest;
            assert!(error < tolerance, "{name} of {channels} channels in {kind:?}: {error}");
        }
    }

    #[test]
    fn frames_at_once_are_as_frames_one_after_the_other() {
        let draws = Draws::new(6);
        let norms =
            [(); 3].map(|()| BatchNorm::with_momentum(&Parameters::new(Device::Cpu, 0).root(), 4, 0.3));
        let x = draws.floats([3 * 5, 4, 2, 3]) + 0.5;
        let pull = draws.floats([3 * 5, 4, 2, 3]);
        type Framewise = dyn Fn(&BatchNorm, &Tensor) -> Tensor;
        let passes: [&Framewise; 3] = [
            &|norm, x| norm.after_relu_framewise(x, 3, Mode::Train),
            &|norm, x| norm.framewise(&x.relu(), 3, Mode::Train),
            &|norm, x| {
                Tensor::cat(
                    &x.relu()
                        .chunk(3, 0)
                        .iter()
                        .map(|frame| norm.forward(frame, Mode::Train))
                        .collect::<Vec<_>>(),
                    0,
                )
            },
        ];
        let found = [0, 1, 2].map(|i| {
            let (norm, x) = (&norms[i], x.copy().set_requires_grad(true));
            let y = passes[i](norm, &x);
            (&y * &pull).sum(Kind::Float).backward();
            let [mean, variance] = [&norm.running_mean, &norm.running_var].map(Tensor::shallow_clone);
            [y.detach(), x.grad(), norm.weight.grad(), norm.bias.grad(), mean, variance]
        });
        for ours in &found[..2] {
            for (ours, expected) in ours.iter().zip(&found[2]) {
                assert!((ours - expected).abs().max().double_value(&[]) < 1e-4);
            }
        }
    }
}
