//! Convolutions.

use tch::{Device, Kind, Tensor};

use super::{Scope, bound};
use crate::native;

/// A square convolution, in channels-last order.
pub struct Conv2d {
    pub(super) weight: Tensor,
    bias: Option<Tensor>,
    stride: i64,
    padding: i64,
}

impl Conv2d {
    pub fn new(scope: &Scope, inputs: i64, outputs: i64, kernel: i64, stride: i64, padding: i64) -> Self {
        Self {
            bias: Some(scope.uniform("bias", &[outputs], bound(inputs * kernel * kernel))),
            ..Self::without_bias(scope, inputs, outputs, kernel, stride, padding)
        }
    }

    pub fn without_bias(
        scope: &Scope,
        inputs: i64,
        outputs: i64,
        kernel: i64,
        stride: i64,
        padding: i64,
    ) -> Self {
        let (shape, bound) = ([outputs, inputs, kernel, kernel], bound(inputs * kernel * kernel));
        Self { weight: scope.uniform_channels_last("weight", &shape, bound), bias: None, stride, padding }
    }

    /// A convolution without bias, padded to keep the size at stride 1. Its normal initial weights
    /// preserve the variance of gradients through a ReLU (He et al., arXiv 1502.01852, section
    /// 2.2).
    pub fn kaiming(scope: &Scope, inputs: i64, outputs: i64, kernel: i64, stride: i64) -> Self {
        let deviation = (2.0 / (outputs * kernel * kernel) as f64).sqrt();
        let shape = [outputs, inputs, kernel, kernel];
        let weight = scope.normal_channels_last("weight", &shape, deviation);
        Self { weight, bias: None, stride, padding: kernel / 2 }
    }

    /// `[N, inputs, H, W]` -> `[N, outputs, H', W']`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        convolve(x, &self.weight, self.bias.as_ref(), self.stride, self.padding)
    }
}

/// A square convolution of `x` `[N, I, H, W]` with `weight` `[O, I, k, k]`.
pub fn convolve(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, stride: i64, padding: i64) -> Tensor {
    if x.device() == Device::Cpu && native::autocast_on_cpu() {
        let none = || Tensor::zeros([weight.size()[0]], (weight.kind(), weight.device()));
        let bias = bias.map_or_else(none, Tensor::shallow_clone);
        return native::bf16_conv(x, weight, &bias, stride, padding);
    }
    x.conv2d(weight, bias, [stride; 2], [padding; 2], [1, 1], 1)
}

/// A square transposed convolution.
pub struct ConvTranspose2d {
    weight: Tensor,
    bias: Option<Tensor>,
    stride: i64,
    padding: i64,
}

impl ConvTranspose2d {
    pub fn new(scope: &Scope, inputs: i64, outputs: i64, kernel: i64, stride: i64, padding: i64) -> Self {
        Self {
            bias: Some(scope.uniform("bias", &[outputs], bound(outputs * kernel * kernel))),
            ..Self::without_bias(scope, inputs, outputs, kernel, stride, padding)
        }
    }

    pub fn without_bias(
        scope: &Scope,
        inputs: i64,
        outputs: i64,
        kernel: i64,
        stride: i64,
        padding: i64,
    ) -> Self {
        let (shape, bound) = ([inputs, outputs, kernel, kernel], bound(outputs * kernel * kernel));
        Self { weight: scope.uniform("weight", &shape, bound), bias: None, stride, padding }
    }

    /// `[N, inputs, H, W]` -> `[N, outputs, stride (H - 1) + k - 2 padding, stride (W - 1) + k - 2
    /// padding]`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let Self { weight, bias, stride, padding } = self;
        x.conv_transpose2d(weight, bias.as_ref(), [*stride; 2], [*padding; 2], [0, 0], 1, [1, 1])
    }

    /// [`Self::forward`], faster on the CPU in float32 for few outputs
    pub fn forward_patches(&self, x: &Tensor) -> Tensor {
        if x.device() != Device::Cpu || x.kind() != Kind::Float || native::autocast_on_cpu() {
            return self.forward(x);
        }
        let (stride, padding) = (self.stride, self.padding);
        native::patch_conv_transpose(x, &self.weight, self.bias.as_ref(), stride, padding)
    }

    /// [`Self::forward`] of vectors `[N, inputs]` as maps of one pixel -> `[N, outputs, k, k]`,
    /// without padding: one matrix product, which is faster.
    pub fn forward_vectors(&self, x: &Tensor) -> Tensor {
        let (inputs, outputs, kernel, _) = self.weight.size4().expect("a weight is [I, O, k, k]");
        let columns = self.weight.permute([0, 2, 3, 1]).reshape([inputs, -1]);
        let maps = x.matmul(&columns).view([-1, kernel, kernel, outputs]).permute([0, 3, 1, 2]);
        match &self.bias {
            Some(bias) => maps + bias.view([-1, 1, 1]),
            None => maps,
        }
    }
}

/// Images `[N, C, H, W]` in channels-last memory order, in which convolutions are fastest.
pub fn channels_last(images: &Tensor) -> Tensor {
    let (count, channels, height, width) = images.size4().expect("images are [N, C, H, W]");
    let ordered = match channels {
        1 => images.reshape([count, height, width, 1]),
        _ => images.permute([0, 2, 3, 1]).contiguous(),
    };
    ordered.permute([0, 3, 1, 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    /// `conv` of `images` with its gradients, in bfloat16 or float32, as float32.
    fn passes(conv: &Conv2d, images: &Tensor, narrow: bool) -> Vec<Tensor> {
        let x = images.copy().set_requires_grad(true);
        let parameters: Vec<&Tensor> = std::iter::once(&conv.weight).chain(&conv.bias).collect();
        native::clear_gradients(&parameters.iter().map(|p| p.shallow_clone()).collect::<Vec<_>>());
        let y = match narrow {
            true => native::autocast(Device::Cpu, || conv.forward(&x)),
            false => conv.forward(&x),
        };
        assert_eq!(y.kind(), if narrow { Kind::BFloat16 } else { Kind::Float });
        let y = y.to_kind(Kind::Float);
        (&y * y.detach()).sum(Kind::Float).backward();
        [y.detach(), x.grad()].into_iter().chain(parameters.iter().map(|p| p.grad())).collect()
    }

    #[test]
    fn a_bfloat16_convolution_is_close_to_the_float32_one_with_float32_gradients() {
        let draws = Draws::new(5);
        let parameters = Parameters::new(Device::Cpu, 0);
        let at = |name: &str| parameters.root().sub(name);
        let convs = [
            Conv2d::new(&at("usual"), 16, 32, 5, 2, 2),
            Conv2d::without_bias(&at("bare"), 16, 32, 3, 1, 1),
            Conv2d::kaiming(&at("skip"), 16, 32, 1, 2),
            Conv2d::new(&at("narrow"), 16, 1, 3, 1, 1),
        ];
        for (conv, count) in convs.iter().flat_map(|conv| [(conv, 1), (conv, 19)]) {
            let images = channels_last(&draws.floats([count, 16, 14, 14]));
            for (ours, expected) in passes(conv, &images, true).iter().zip(passes(conv, &images, false)) {
                assert_eq!(ours.kind(), Kind::Float);
                let error = (ours - &expected).norm() / expected.norm();
                assert!(error.double_value(&[]) < 0.02, "{error:?}");
            }
        }
    }

    /// `|x - exact| / |exact|`
    fn error(x: &Tensor, exact: &Tensor) -> f64 {
        ((x.to_kind(Kind::Double) - exact).norm() / exact.norm()).double_value(&[])
    }

    #[test]
    fn a_bfloat16_convolution_and_its_gradients_are_exact_but_for_one_rounding() {
        let draws = Draws::new(7);
        let exact = Kind::Double;
        for (inputs, outputs, kernel, stride) in [(1, 16, 3, 1), (32, 64, 7, 1), (16, 32, 5, 2)] {
            let given = [
                channels_last(&draws.floats([9, inputs, 14, 14])),
                draws.floats([outputs, inputs, kernel, kernel]) / (inputs * kernel * kernel) as f64,
                draws.floats([outputs]),
            ];
            let pull = draws.floats([9, outputs, 14 / stride, 14 / stride]).to_kind(Kind::BFloat16);
            let passes = |given: [Tensor; 3], conv: &dyn Fn(&[Tensor; 3]) -> Tensor| {
                let given = given.map(|x| x.set_requires_grad(true));
                let y = conv(&given);
                (&y * pull.to_kind(y.kind())).sum(exact).backward();
                [y.detach()].into_iter().chain(given.map(|x| x.grad())).collect::<Vec<_>>()
            };
            let rounded = given.each_ref().map(|x| x.to_kind(Kind::BFloat16).to_kind(exact));
            let ours = passes(given, &|[x, w, b]| native::bf16_conv(x, w, b, stride, kernel / 2));
            let expected =
                passes(rounded, &|[x, w, b]| x.conv2d(w, Some(b), [stride; 2], [kernel / 2; 2], [1, 1], 1));
            for (ours, expected) in ours.iter().zip(&expected) {
                let (error, rounding) =
                    (error(ours, expected), error(&expected.to_kind(Kind::BFloat16), expected));
                assert!(
                    error < 1.2 * rounding,
                    "{inputs} to {outputs}: {error} where {rounding} is rounding"
                );
            }
        }
    }

    /// The result of `layer` on `x` and the gradients of `x` and of the parameters.
    fn gradients(x: &Tensor, parameters: &Parameters, layer: &dyn Fn(&Tensor) -> Tensor) -> Vec<Tensor> {
        let x = x.copy().set_requires_grad(true);
        let trained: Vec<Tensor> = parameters.trainable().into_iter().map(|(_, tensor)| tensor).collect();
        native::clear_gradients(&trained);
        let y = layer(&x);
        (&y * y.detach()).sum(Kind::Float).backward();
        [y.detach(), x.grad()].into_iter().chain(trained.iter().map(Tensor::grad)).collect()
    }

    fn assert_close(ours: &[Tensor], expected: &[Tensor], what: &str) {
        for (i, (ours, expected)) in ours.iter().zip(expected).enumerate() {
            assert_eq!(ours.size(), expected.size(), "{what}, result {i}");
            let largest = expected.abs().max().double_value(&[]);
            let gap = (ours - expected).abs().max().double_value(&[]);
            assert!(gap < 1e-5 * largest, "{what}, result {i}: off by {gap} of {largest}");
        }
    }

    #[test]
    fn products_of_patches_are_transposed_convolutions_with_their_gradients() {
        let draws = Draws::new(12);
        for (inputs, outputs, kernel, stride, padding, side, count) in
            [(16, 3, 4, 2, 1, 16, 37), (5, 16, 3, 1, 1, 9, 1), (3, 2, 5, 3, 0, 4, 8)]
        {
            for with_bias in [true, false] {
                let parameters = Parameters::new(Device::Cpu, 0);
                let new = if with_bias { ConvTranspose2d::new } else { ConvTranspose2d::without_bias };
                let conv = new(&parameters.root(), inputs, outputs, kernel, stride, padding);
                let maps = channels_last(&draws.floats([count, inputs, side, side]));
                let [ours, expected] = [ConvTranspose2d::forward_patches, ConvTranspose2d::forward]
                    .map(|pass| gradients(&maps, &parameters, &|x| pass(&conv, x)));
                assert_close(&ours, &expected, &format!("kernel {kernel}, bias {with_bias}"));
            }
        }
    }

    #[test]
    fn a_vector_is_a_map_of_one_pixel_for_a_transposed_convolution() {
        let draws = Draws::new(3);
        let parameters = Parameters::new(Device::Cpu, 0);
        let conv = ConvTranspose2d::new(&parameters.root(), 5, 3, 4, 1, 0);
        let x = draws.floats([6, 5]);
        let difference = conv.forward_vectors(&x) - conv.forward(&x.view([6, 5, 1, 1]));
        assert!(difference.abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn a_transposed_convolution_starts_from_the_fan_in_of_its_outputs() {
        let parameters = Parameters::new(Device::Cpu, 0);
        let conv = ConvTranspose2d::new(&parameters.root(), 40, 4, 5, 2, 2);
        let largest = conv.weight.abs().max().double_value(&[]);
        assert!(largest <= 0.1 && largest > 0.099, "U(+-1 / sqrt(4 * 25)), but the largest is {largest}");
    }

    #[test]
    fn without_a_bias_no_bias_is_trained_and_a_black_image_stays_black() {
        let parameters = Parameters::new(Device::Cpu, 0);
        let conv = Conv2d::without_bias(&parameters.root(), 2, 3, 3, 1, 1);
        assert_eq!(parameters.count(), 3 * 2 * 3 * 3);
        let black = Tensor::zeros([1, 2, 5, 4], (Kind::Float, Device::Cpu));
        for y in [conv.forward(&black), native::autocast(Device::Cpu, || conv.forward(&black))] {
            assert_eq!((y.size(), y.abs().max().double_value(&[])), (vec![1, 3, 5, 4], 0.0));
        }
    }
}
