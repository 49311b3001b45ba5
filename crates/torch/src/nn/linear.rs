//! Linear layers.

use tch::Tensor;

use super::{Scope, bound};

/// A linear layer, `x W^T + b`.
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

    /// A layer with this weight `[outputs, inputs]` and bias `[outputs]`.
    pub fn from_tensors(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self { weight, bias }
    }

    /// `forward` of flattened maps `[N, C, H, W]`, computed in the maps' channels-last order.
    pub fn forward_maps(&self, maps: &Tensor) -> Tensor {
        let (_, channels, height, width) = maps.size4().expect("maps are [N, C, H, W]");
        let outputs = self.weight.size()[0];
        let weight = self.weight.view([outputs, channels, height, width]).permute([0, 2, 3, 1]);
        maps.permute([0, 2, 3, 1]).flatten(1, -1).linear(&weight.reshape([outputs, -1]), self.bias.as_ref())
    }

    /// `forward` whose outputs are reshaped to maps `[N, C, side, side]` in channels-last order.
    pub fn forward_to_maps(&self, x: &Tensor, side: i64) -> Tensor {
        let (outputs, inputs) = self.weight.size2().expect("a weight is [O, I]");
        let ordered = |tensor: &Tensor, width: i64| {
            tensor.view([-1, side, side, width]).permute([1, 2, 0, 3]).reshape([outputs, width])
        };
        let bias = self.bias.as_ref().map(|bias| ordered(bias, 1).squeeze_dim(1));
        let maps = x.linear(&ordered(&self.weight, inputs), bias.as_ref()).view([
            -1,
            side,
            side,
            outputs / (side * side),
        ]);
        maps.permute([0, 3, 1, 2])
    }

    /// The layer as a sum of two: one of the first `inputs` inputs, without bias, and one of the
    /// other inputs, with the bias.
    pub fn split(&self, inputs: i64) -> (Self, Self) {
        let rest = self.weight.size()[1] - inputs;
        let part = |from: i64, count: i64| self.weight.narrow(1, from, count);
        let bias = self.bias.as_ref().map(Tensor::shallow_clone);
        (Self { weight: part(0, inputs), bias: None }, Self { weight: part(inputs, rest), bias })
    }

    /// One layer with the outputs of this layer and then those of `other`, on the same inputs.
    pub fn concat_outputs(&self, other: &Self) -> Self {
        let bias = self.bias.as_ref().zip(other.bias.as_ref());
        Self {
            weight: Tensor::cat(&[&self.weight, &other.weight], 0),
            bias: bias.map(|(first, second)| Tensor::cat(&[first, second], 0)),
        }
    }

    /// One layer with the outputs of all `layers`, one after the other, on the same inputs.
    ///
    /// # Panics
    /// If there is no layer, or one has no bias.
    pub fn stacked(layers: &[&Self]) -> Self {
        let weights: Vec<&Tensor> = layers.iter().map(|layer| &layer.weight).collect();
        Self { weight: Tensor::cat(&weights, 0), bias: Some(biases(layers)) }
    }

    /// One layer with the outputs of all `layers`, one after the other, each on inputs of its own.
    ///
    /// # Panics
    /// If there is no layer, or one has no bias.
    pub fn block_diagonal(layers: &[&Self]) -> Self {
        let weights: Vec<&Tensor> = layers.iter().map(|layer| &layer.weight).collect();
        Self { weight: Tensor::block_diag(&weights), bias: Some(biases(layers)) }
    }

    /// `[.., inputs]` -> `[.., outputs]`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, self.bias.as_ref())
    }
}

/// The biases of all `layers`, one after the other.
fn biases(layers: &[&Linear]) -> Tensor {
    let biases: Vec<&Tensor> =
        layers.iter().map(|layer| layer.bias.as_ref().expect("the layer has a bias")).collect();
    Tensor::cat(&biases, 0)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    #[test]
    fn maps_are_multiplied_as_if_they_were_flattened() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        let linear = Linear::new(&parameters.root(), 2 * 3 * 4, 5);
        let maps = draws.floats([6, 2, 3, 4]);
        let difference =
            linear.forward_maps(&crate::nn::channels_last(&maps)) - linear.forward(&maps.flatten(1, -1));
        assert!(difference.abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn maps_are_made_as_if_outputs_were_unflattened() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        let linear = Linear::new(&parameters.root(), 5, 2 * 3 * 3);
        let x = draws.floats([6, 5]);
        let difference = linear.forward_to_maps(&x, 3) - linear.forward(&x).view([6, 2, 3, 3]);
        assert!(difference.abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn layers_at_once_are_as_each_alone() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        let layers = [3, 2, 4].map(|outputs| Linear::new(&parameters.root().sub(outputs), 5, outputs));
        let all: Vec<&Linear> = layers.iter().collect();
        let x = draws.floats([6, 15]);
        let alone = |inputs: &dyn Fn(i64) -> Tensor| {
            let outputs: Vec<Tensor> = (0..).zip(&layers).map(|(i, l)| l.forward(&inputs(i))).collect();
            Tensor::cat(&outputs, 1)
        };
        let own = |i: i64| x.narrow(1, 5 * i, 5);
        for (ours, expected) in [
            (Linear::stacked(&all).forward(&own(0)), alone(&|_| own(0))),
            (Linear::block_diagonal(&all).forward(&x), alone(&own)),
        ] {
            assert!((ours - expected).abs().max().double_value(&[]) < 1e-5);
        }
    }

    #[test]
    fn a_split_layer_sums_to_the_whole() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        let linear = Linear::new(&parameters.root(), 5, 4);
        let x = draws.floats([6, 5]);
        let (first, rest) = linear.split(3);
        let sum = first.forward(&x.narrow(1, 0, 3)) + rest.forward(&x.narrow(1, 3, 2));
        assert!((sum - linear.forward(&x)).abs().max().double_value(&[]) < 1e-5);
    }
}
