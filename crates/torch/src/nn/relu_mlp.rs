//! Multi-layer perceptrons with ReLU between their layers, and one or several heads.

use tch::{Device, Kind, Tensor};

use super::dropout::Masks;
use super::{Linear, Scope};
use crate::native;

/// A trunk of hidden layers and heads that read it. Layers are linear, with ReLU behind all but the
/// last of a head.
pub struct ReluMlp {
    layers: Vec<Layer>,
}

struct Layer {
    linear: Linear,
    /// The layer whose ReLU is read; `None` for the input.
    source: Option<usize>,
    hidden: bool,
}

/// The names of layers in a checkpoint count the ReLU and the dropout behind each.
const MODULES_PER_LAYER: usize = 3;

impl ReluMlp {
    /// A network without a trunk, with these layer sizes from input to output.
    pub fn new(scope: &Scope, sizes: &[i64]) -> Self {
        let mut network = Self { layers: vec![] };
        network.push(scope, sizes, None, false);
        network
    }

    /// A trunk of hidden layers with these sizes from the input on, and heads with the sizes of
    /// their layers behind the trunk. A trunk of one size has no layers.
    pub fn with_heads(trunk: &Scope, sizes: &[i64], heads: &[(Scope, Vec<i64>)]) -> Self {
        let mut network = Self { layers: vec![] };
        network.push(trunk, sizes, None, true);
        let (source, width) = (network.layers.len().checked_sub(1), *sizes.last().expect("an input"));
        for (scope, sizes) in heads {
            network.push(scope, &[&[width], sizes.as_slice()].concat(), source, false);
        }
        network
    }

    fn push(&mut self, scope: &Scope, sizes: &[i64], mut source: Option<usize>, last_is_hidden: bool) {
        for (l, pair) in sizes.windows(2).enumerate() {
            let linear = Linear::new(&scope.sub(MODULES_PER_LAYER * l), pair[0], pair[1]);
            let hidden = last_is_hidden || l + 2 < sizes.len();
            self.layers.push(Layer { linear, source, hidden });
            source = Some(self.layers.len() - 1);
        }
    }

    /// `[N, I]` -> `[N, O]`, the outputs of the heads side by side. `masks` drops hidden features.
    pub fn forward(&self, x: &Tensor, masks: Option<&Masks>) -> Tensor {
        if masks.is_none() && x.device() == Device::Cpu && x.kind() == Kind::Float {
            return self.forward_fused(x);
        }
        let (mut hidden, mut outputs) = (Vec::with_capacity(self.layers.len()), vec![]);
        for layer in &self.layers {
            let y = layer.linear.forward(layer.source.map_or(x, |source| &hidden[source]));
            let y = if layer.hidden { y.relu() } else { y };
            let y = masks.filter(|_| layer.hidden).map_or_else(|| y.shallow_clone(), |masks| masks.apply(&y));
            if !layer.hidden {
                outputs.push(y.shallow_clone());
            }
            hidden.push(y);
        }
        if outputs.len() == 1 { outputs.remove(0) } else { Tensor::cat(&outputs, 1) }
    }

    fn forward_fused(&self, x: &Tensor) -> Tensor {
        let parameters = self.layers.iter().flat_map(|layer| {
            [&layer.linear.weight, layer.linear.bias.as_ref().expect("each layer has a bias")]
        });
        let source = |layer: &Layer| layer.source.map_or(-1, |source| source as i64);
        let sources: Vec<i64> = self.layers.iter().map(source).collect();
        native::relu_mlp(x, &parameters.collect::<Vec<_>>(), &sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use crate::nn::{Dropout, Parameters};

    /// Heads of 3 and 17 outputs on a trunk of two layers.
    fn network(parameters: &Parameters) -> ReluMlp {
        let heads = [(parameters.root().sub("a"), vec![20, 3]), (parameters.root().sub("b"), vec![17])];
        ReluMlp::with_heads(&parameters.root().sub("trunk"), &[11, 33, 40], &heads)
    }

    fn gradients(parameters: &Parameters, x: &Tensor, y: &Tensor, weights: &Tensor) -> Vec<Tensor> {
        let mut tensors: Vec<Tensor> = parameters.trainable().into_iter().map(|(_, tensor)| tensor).collect();
        tensors.push(x.shallow_clone());
        Tensor::run_backward(&[(y * weights).sum(Kind::Float)], &tensors, false, false)
    }

    #[test]
    fn the_fused_network_agrees_with_separate_operations() {
        let draws = Draws::new(3);
        for rows in [1, 5, 64, 203] {
            let parameters = Parameters::new(Device::Cpu, 1);
            let network = network(&parameters);
            let (x, weights) = (draws.floats([rows, 11]).set_requires_grad(true), draws.floats([rows, 20]));
            let none = Dropout::new(0.0);
            let masks = none.masks(0, 0);
            let (fused, plain) = (network.forward(&x, None), network.forward(&x, Some(&masks)));
            let near = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]) < 1e-5 * rows as f64;
            assert!(near(&fused, &plain), "{rows} rows");
            let ours = gradients(&parameters, &x, &fused, &weights);
            let theirs = gradients(&parameters, &x, &plain, &weights);
            assert!(ours.iter().zip(&theirs).all(|(a, b)| near(a, b)), "{rows} rows");
        }
    }

    #[test]
    fn frozen_weights_pass_gradients_to_the_input() {
        let parameters = Parameters::new(Device::Cpu, 1);
        let network = network(&parameters);
        let x = Draws::new(4).floats([9, 11]).set_requires_grad(true);
        let gradient = |masks: Option<&Masks>| {
            Tensor::run_backward(&[network.forward(&x, masks).sum(Kind::Float)], &[&x], false, false)
                .remove(0)
        };
        let none = Dropout::new(0.0);
        let trained = gradient(Some(&none.masks(0, 0)));
        parameters.freeze("");
        assert!((gradient(None) - trained).abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn what_is_not_a_number_comes_out_as_such() {
        let parameters = Parameters::new(Device::Cpu, 1);
        let x = Tensor::full([2, 11], f64::NAN, (Kind::Float, Device::Cpu));
        assert!(bool::try_from(network(&parameters).forward(&x, None).isnan().all()).unwrap());
    }

    #[test]
    fn names_count_the_modules_between_layers() {
        let parameters = Parameters::new(Device::Cpu, 1);
        network(&parameters);
        let names: Vec<String> = parameters.named().into_iter().map(|(name, _)| name).collect();
        let layers = ["trunk.0", "trunk.3", "a.0", "a.3", "b.0"];
        let expected = layers.iter().flat_map(|layer| [format!("{layer}.bias"), format!("{layer}.weight")]);
        assert!(names.iter().eq(expected.collect::<Vec<_>>().iter()), "{names:?}");
    }
}
