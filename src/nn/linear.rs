//! Linear layers.

use tch::Tensor;

use super::{Scope, bound};

/// `x W^T + b`.
pub struct Linear {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
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

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::nn::Parameters;

    #[test]
    fn maps_are_multiplied_as_if_they_were_flattened() {
        let parameters = Parameters::new(Device::Cpu, 0);
        let linear = Linear::new(&parameters.root(), 2 * 3 * 4, 5);
        let maps = Tensor::randn([6, 2, 3, 4], (Kind::Float, Device::Cpu));
        let difference =
            linear.forward_maps(&crate::nn::channels_last(&maps)) - linear.forward(&maps.flatten(1, -1));
        assert!(difference.abs().max().double_value(&[]) < 1e-5);
    }
}
