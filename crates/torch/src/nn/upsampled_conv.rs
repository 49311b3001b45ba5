//! Nearest-neighbour upsampling followed by a convolution, computed on the small image.

use tch::Tensor;

use super::conv::convolve;
use super::{Scope, bound};

/// Nearest-neighbour upsampling by a whole factor f, then a square convolution without bias that
/// keeps the size.
///
/// Each input pixel becomes f x f pixels, each of which sees a 3x3 window of the input; kernel taps
/// that fall on the same input pixel are summed. So the layer is a 3x3 convolution to f x f times
/// the outputs, then a rearrangement of pixels (Shi et al., *Sub-Pixel Convolutional Neural
/// Network*, arXiv 1609.05158). For f = 3 and a 5x5 kernel it takes a third of the products, and no
/// enlarged image is stored.
pub struct UpsampledConv {
    weight: Tensor,
    /// The assignment of kernel taps to positions in the window of each pixel,
    /// `[k * k, f * f * 9]`.
    taps: Tensor,
    factor: i64,
}

impl UpsampledConv {
    pub fn new(scope: &Scope, inputs: i64, outputs: i64, kernel: i64, factor: i64) -> Self {
        assert!(kernel / 2 <= factor, "the window of a {kernel}x{kernel} kernel is wider than 3 pixels");
        let bound = bound(inputs * kernel * kernel);
        let weight = scope.sub("conv").uniform("weight", &[outputs, inputs, kernel, kernel], bound);
        let taps = taps(kernel, factor).to_device(weight.device());
        Self { weight, taps, factor }
    }

    /// `[N, inputs, H, W]` -> `[N, outputs, f H, f W]`, both channels-last
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let f = self.factor;
        let small = convolve(x, &self.window_weight(), None, 1, 1).permute([0, 2, 3, 1]);
        let (count, height, width, _) = small.size4().expect("maps are [N, H, W, C]");
        let pixels = small.reshape([count, height, width, f, f, -1]).permute([0, 1, 3, 2, 4, 5]);
        pixels.reshape([count, f * height, f * width, -1]).permute([0, 3, 1, 2])
    }

    /// The weight `[f * f * outputs, inputs, 3, 3]` of the convolution on the small image.
    fn window_weight(&self) -> Tensor {
        let (outputs, inputs, ..) = self.weight.size4().expect("a weight is [O, I, k, k]");
        let f = self.factor;
        let summed = self.weight.flatten(2, 3).matmul(&self.taps).view([outputs, inputs, f * f, 9]);
        let ordered = summed.permute([2, 0, 3, 1]).reshape([f * f * outputs, 3, 3, inputs]);
        ordered.permute([0, 3, 1, 2])
    }
}

fn taps(kernel: i64, factor: i64) -> Tensor {
    // On one axis, the tap p of enlarged pixel i falls on the small pixel (i + p - k/2) / f,
    // counted from the window's middle.
    let place = |i: i64, p: i64| (i + p - kernel / 2).div_euclid(factor) + 1;
    let mut taps = vec![0f32; (kernel * kernel * factor * factor * 9) as usize];
    for (p, q) in pairs(kernel) {
        for (i, j) in pairs(factor) {
            let (row, column) = (p * kernel + q, (i * factor + j) * 9 + place(i, p) * 3 + place(j, q));
            taps[(row * factor * factor * 9 + column) as usize] = 1.0;
        }
    }
    Tensor::from_slice(&taps).view([kernel * kernel, -1])
}

fn pairs(count: i64) -> impl Iterator<Item = (i64, i64)> {
    (0..count).flat_map(move |a| (0..count).map(move |b| (a, b)))
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::draws::Draws;
    use crate::nn::{Parameters, channels_last};

    #[test]
    fn agrees_with_enlarging_and_then_convolving() {
        let draws = Draws::new(3);
        for (kernel, factor) in [(3, 2), (5, 3), (5, 2), (1, 3)] {
            let parameters = Parameters::new(Device::Cpu, 1);
            let conv = UpsampledConv::new(&parameters.root(), 3, 2, kernel, factor);
            let x = draws.floats([2, 3, 4, 5]);
            let large = x.upsample_nearest2d([4 * factor, 5 * factor], None, None);
            let pad = [kernel / 2; 2];
            let plain = large.conv2d(&conv.weight, None::<Tensor>, [1, 1], pad, [1, 1], 1);
            let pull = draws.floats(plain.size());
            let gradients = [plain, conv.forward(&channels_last(&x))].map(|y| {
                crate::native::clear_gradients(&[conv.weight.shallow_clone()]);
                (&y * &pull).sum(Kind::Float).backward();
                (y.detach(), conv.weight.grad())
            });
            let [(plain, expected), (ours, gradient)] = gradients;
            assert!((ours - plain).abs().max().double_value(&[]) < 1e-5);
            assert!((gradient - expected).abs().max().double_value(&[]) < 1e-3);
        }
    }
}
