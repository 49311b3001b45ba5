//! Linear, convolution, batch normalisation and GRU, initialised as PyTorch does.
//!
//! Weights and biases start in U(+-1/sqrt(fan in)), batch normalisation at 1 and 0, a GRU in U(+-1/sqrt(hidden)).

use tch::Tensor;

use super::{Mode, Scope};

/// `x W^T + b`.
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    pub fn new(scope: &Scope, inputs: i64, outputs: i64) -> Self {
        Self {
            bias: Some(scope.uniform("bias", &[outputs], bound(inputs))),
            ..Self::without_bias(scope, inputs, outputs)
        }
    }

    pub fn without_bias(scope: &Scope, inputs: i64, outputs: i64) -> Self {
        Self { weight: scope.uniform("weight", &[outputs, inputs], bound(inputs)), bias: None }
    }

    /// `[.., inputs]` -> `[.., outputs]`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, self.bias.as_ref())
    }
}

fn bound(fan_in: i64) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}

/// A square convolution with a bias.
pub struct Conv2d {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
    padding: i64,
}

impl Conv2d {
    pub fn new(scope: &Scope, inputs: i64, outputs: i64, kernel: i64, stride: i64, padding: i64) -> Self {
        let bound = bound(inputs * kernel * kernel);
        Self {
            weight: scope.uniform("weight", &[outputs, inputs, kernel, kernel], bound),
            bias: scope.uniform("bias", &[outputs], bound),
            stride,
            padding,
        }
    }

    /// `[N, inputs, H, W]` -> `[N, outputs, H', W']`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.conv2d(&self.weight, Some(&self.bias), [self.stride; 2], [self.padding; 2], [1, 1], 1)
    }
}

/// Batch normalisation over all but the feature axis (axis 1), momentum 0.1, epsilon 1e-5.
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
}

impl BatchNorm {
    pub fn new(scope: &Scope, features: i64) -> Self {
        Self {
            weight: scope.constant("weight", &[features], 1.0),
            bias: scope.constant("bias", &[features], 0.0),
            running_mean: scope.buffer("running_mean", &[features], 0.0),
            running_var: scope.buffer("running_var", &[features], 1.0),
        }
    }

    /// `[N, features, ..]` -> the same shape
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Tensor {
        let (weight, bias) = (Some(&self.weight), Some(&self.bias));
        let (mean, var) = (Some(&self.running_mean), Some(&self.running_var));
        x.batch_norm(weight, bias, mean, var, mode == Mode::Train, 0.1, 1e-5, false)
    }
}

/// A stack of gated recurrent layers (Cho et al. 2014, in cuDNN's variant), time first.
pub struct Gru {
    weights: Vec<Tensor>,
    layers: i64,
}

impl Gru {
    pub fn new(scope: &Scope, inputs: i64, hidden: i64, layers: i64) -> Self {
        let layer = |l: i64| {
            let inputs = if l == 0 { inputs } else { hidden };
            let weight =
                |name: &str, shape: &[i64]| scope.uniform(&format!("{name}_l{l}"), shape, bound(hidden));
            [
                weight("weight_ih", &[3 * hidden, inputs]),
                weight("weight_hh", &[3 * hidden, hidden]),
                weight("bias_ih", &[3 * hidden]),
                weight("bias_hh", &[3 * hidden]),
            ]
        };
        Self { weights: (0..layers).flat_map(layer).collect(), layers }
    }

    /// Inputs `[T, B, I]` and the first hidden state of every layer `[B, H]` -> the last layer's outputs `[T, B, H]`
    pub fn forward(&self, inputs: &Tensor, start: &Tensor) -> Tensor {
        let hidden = start.unsqueeze(0).repeat([self.layers, 1, 1]);
        inputs.gru(&hidden, &self.weights, true, self.layers, 0.0, false, false, false).0
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::nn::Parameters;

    fn deviation(x: &Tensor) -> f64 {
        x.std(false).double_value(&[])
    }

    #[test]
    fn initial_moments_are_those_of_pytorch() {
        let parameters = Parameters::new(Device::Cpu, 3);
        let linear = Linear::new(&parameters.root().sub("linear"), 400, 300);
        let gru = Gru::new(&parameters.root().sub("gru"), 2, 128, 1);
        let conv = Conv2d::new(&parameters.root().sub("conv"), 16, 32, 5, 1, 0);
        for (tensor, bound) in [
            (&linear.weight, 1.0 / 20.0),
            (linear.bias.as_ref().expect("it has one"), 1.0 / 20.0),
            (&conv.weight, 1.0 / 20.0),
            (&gru.weights[1], 1.0 / 128f64.sqrt()),
            (&gru.weights[0], 1.0 / 128f64.sqrt()),
            (&gru.weights[3], 1.0 / 128f64.sqrt()),
        ] {
            let count = tensor.numel() as f64;
            let tolerance = 4.0 / count.sqrt();
            assert!((deviation(tensor) / (bound / 3f64.sqrt()) - 1.0).abs() < tolerance);
            assert!(tensor.mean(Kind::Float).double_value(&[]).abs() < tolerance * bound);
            assert!(tensor.abs().max().double_value(&[]) <= bound);
            assert!(tensor.abs().max().double_value(&[]) > bound * (1.0 - 10.0 / count));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_weights_and_another_seed_others() {
        let weight = |seed| Linear::new(&Parameters::new(Device::Cpu, seed).root().sub("a"), 5, 4).weight;
        assert_eq!(weight(1), weight(1));
        assert_ne!(weight(1), weight(2));
    }

    #[test]
    fn a_gru_of_two_layers_starts_both_from_the_given_state() {
        let parameters = Parameters::new(Device::Cpu, 0);
        let gru = Gru::new(&parameters.root(), 2, 3, 2);
        for weight in &gru.weights {
            let _ = tch::no_grad(|| weight.shallow_clone().zero_());
        }
        // With all weights 0 the update gate is 1/2 and the candidate 0: the state halves at every step.
        let start = Tensor::ones([1, 3], (Kind::Float, Device::Cpu));
        let outputs = gru.forward(&Tensor::zeros([2, 1, 2], (Kind::Float, Device::Cpu)), &start);
        assert_eq!(
            Vec::<f32>::try_from(outputs.flatten(0, -1)).expect("floats"),
            [0.5, 0.5, 0.5, 0.25, 0.25, 0.25]
        );
    }
}
