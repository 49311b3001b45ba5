//! Linear, convolution, batch normalisation and GRU, initialised as PyTorch does.
//!
//! Weights and biases start in U(+-1/sqrt(fan in)), batch normalisation at 1 and 0, a GRU in U(+-1/sqrt(hidden)).

use tch::{Device, Tensor};

use super::{Mode, Scope};
use crate::native;

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

    /// For maps `[N, C, H, W]` whose flattened form is the input: the same product in the maps' channels-last order.
    pub fn forward_maps(&self, maps: &Tensor) -> Tensor {
        let (_, channels, height, width) = maps.size4().expect("maps are [N, C, H, W]");
        let outputs = self.weight.size()[0];
        let weight = self.weight.view([outputs, channels, height, width]).permute([0, 2, 3, 1]);
        maps.permute([0, 2, 3, 1]).flatten(1, -1).linear(&weight.reshape([outputs, -1]), self.bias.as_ref())
    }

    /// `[.., inputs]` -> `[.., outputs]`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, self.bias.as_ref())
    }
}

fn bound(fan_in: i64) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}

/// A square convolution with a bias, in channels-last order.
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
            weight: scope.uniform_channels_last("weight", &[outputs, inputs, kernel, kernel], bound),
            bias: scope.uniform("bias", &[outputs], bound),
            stride,
            padding,
        }
    }

    /// `[N, inputs, H, W]` -> `[N, outputs, H', W']`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        if x.device() == Device::Cpu && native::autocast_on_cpu() {
            return native::narrow_conv(x, &self.weight, &self.bias, self.stride, self.padding);
        }
        x.conv2d(&self.weight, Some(&self.bias), [self.stride; 2], [self.padding; 2], [1, 1], 1)
    }
}

/// The same images `[N, C, H, W]` with the channels of a pixel beside each other in memory, as convolutions like them.
pub fn channels_last(images: &Tensor) -> Tensor {
    let (count, channels, height, width) = images.size4().expect("images are [N, C, H, W]");
    let ordered = match channels {
        1 => images.reshape([count, height, width, 1]),
        _ => images.permute([0, 2, 3, 1]).contiguous(),
    };
    ordered.permute([0, 3, 1, 2])
}

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
    use tch::Kind;

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

    #[test]
    fn a_bfloat16_convolution_is_close_to_the_float32_one_with_float32_gradients() {
        tch::manual_seed(5);
        let parameters = Parameters::new(Device::Cpu, 0);
        let conv = Conv2d::new(&parameters.root(), 16, 32, 5, 2, 2);
        for count in [1, 19] {
            let images = channels_last(&Tensor::randn([count, 16, 14, 14], (Kind::Float, Device::Cpu)));
            let results = [true, false].map(|narrow| {
                let x = images.copy().set_requires_grad(true);
                native::clear_gradients(&[conv.weight.shallow_clone(), conv.bias.shallow_clone()]);
                let y = match narrow {
                    true => native::autocast(Device::Cpu, || conv.forward(&x)),
                    false => conv.forward(&x),
                };
                assert_eq!(y.kind(), if narrow { Kind::BFloat16 } else { Kind::Float });
                let y = y.to_kind(Kind::Float);
                (&y * y.detach()).sum(Kind::Float).backward();
                [y.detach(), x.grad(), conv.weight.grad(), conv.bias.grad()]
            });
            let [narrow, wide] = results;
            for (ours, expected) in narrow.iter().zip(&wide) {
                assert_eq!(ours.kind(), Kind::Float);
                let error = (ours - expected).norm() / expected.norm();
                assert!(error.double_value(&[]) < 0.02, "{error:?}");
            }
        }
    }

    #[test]
    fn maps_are_multiplied_as_if_they_were_flattened() {
        let parameters = Parameters::new(Device::Cpu, 0);
        let linear = Linear::new(&parameters.root(), 2 * 3 * 4, 5);
        let maps = Tensor::randn([6, 2, 3, 4], (Kind::Float, Device::Cpu));
        let difference = linear.forward_maps(&channels_last(&maps)) - linear.forward(&maps.flatten(1, -1));
        assert!(difference.abs().max().double_value(&[]) < 1e-5);
    }
}
