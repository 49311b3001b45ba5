//! Convolutions.

use tch::{Device, Tensor};

use super::{Scope, bound};
use crate::native;

/// A square convolution with a bias, in channels-last order.
pub struct Conv2d {
    pub(super) weight: Tensor,
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
        convolve(x, &self.weight, Some(&self.bias), self.stride, self.padding)
    }
}

/// A square convolution of `x` `[N, I, H, W]` with `weight` `[O, I, k, k]`.
pub fn convolve(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, stride: i64, padding: i64) -> Tensor {
    if x.device() == Device::Cpu && native::autocast_on_cpu() {
        let none = || Tensor::zeros([weight.size()[0]], (weight.kind(), weight.device()));
        let bias = bias.map_or_else(none, Tensor::shallow_clone);
        return native::narrow_conv(x, weight, &bias, stride, padding);
    }
    x.conv2d(weight, bias, [stride; 2], [padding; 2], [1, 1], 1)
}

/// A square transposed convolution with a bias, without padding.
pub struct ConvTranspose2d {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
}

impl ConvTranspose2d {
    pub fn new(scope: &Scope, inputs: i64, outputs: i64, kernel: i64, stride: i64) -> Self {
        let bound = bound(outputs * kernel * kernel);
        Self {
            weight: scope.uniform("weight", &[inputs, outputs, kernel, kernel], bound),
            bias: scope.uniform("bias", &[outputs], bound),
            stride,
        }
    }

    /// `[N, inputs, H, W]` -> `[N, outputs, stride (H - 1) + k, stride (W - 1) + k]`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.conv_transpose2d(&self.weight, Some(&self.bias), [self.stride; 2], [0, 0], [0, 0], 1, [1, 1])
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

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::nn::Parameters;

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
}
