//! Recurrent layers.

use tch::{Kind, Tensor};

use super::{Scope, bound};

/// A stack of gated recurrent layers (Cho et al. 2014, in cuDNN's variant), time first.
pub struct Gru {
    pub(super) weights: Vec<Tensor>,
    layers: i64,
}

impl Gru {
    pub fn new(scope: &Scope, inputs: i64, hidden: i64, layers: i64) -> Self {
        let layer = |l: i64| weights(scope, if l == 0 { inputs } else { hidden }, hidden, &format!("_l{l}"));
        Self { weights: (0..layers).flat_map(layer).collect(), layers }
    }

    /// inputs `[T, B, I]`, initial state of every layer `[B, H]` -> outputs of the last layer
    /// `[T, B, H]`
    pub fn forward(&self, inputs: &Tensor, start: &Tensor) -> Tensor {
        self.advance(inputs, &start.unsqueeze(0).repeat([self.layers, 1, 1])).0
    }

    /// Initial hidden states `[layers, B, H]`: zeros.
    pub fn rest(&self, batch: i64) -> Tensor {
        let hidden = self.weights[1].size()[1];
        Tensor::zeros([self.layers, batch, hidden], (Kind::Float, self.weights[1].device()))
    }

    /// inputs `[T, B, I]`, hidden states `[layers, B, H]` -> outputs of the last layer `[T, B, H]`,
    /// final hidden states
    pub fn advance(&self, inputs: &Tensor, hidden: &Tensor) -> (Tensor, Tensor) {
        unroll(inputs, hidden, &self.weights)
    }
}

/// The four weights of the layer with this name suffix: of inputs, of states, and their biases.
pub fn weights(scope: &Scope, inputs: i64, hidden: i64, suffix: &str) -> [Tensor; 4] {
    let weight = |name: &str, shape: &[i64]| scope.uniform(&format!("{name}{suffix}"), shape, bound(hidden));
    [
        weight("weight_ih", &[3 * hidden, inputs]),
        weight("weight_hh", &[3 * hidden, hidden]),
        weight("bias_ih", &[3 * hidden]),
        weight("bias_hh", &[3 * hidden]),
    ]
}

/// inputs `[T, B, I]`, hidden states `[layers, B, H]`, four weights for each layer -> outputs of
/// the last layer `[T, B, H]`, final hidden states
pub fn unroll(inputs: &Tensor, hidden: &Tensor, weights: &[Tensor]) -> (Tensor, Tensor) {
    // Without dropout training changes no number, but cuDNN keeps what a backward pass needs only
    // in training.
    inputs.gru(hidden, weights, true, weights.len() as i64 / 4, 0.0, true, false, false)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::nn::Parameters;

    #[test]
    fn a_gru_of_two_layers_starts_both_from_the_given_state() {
        let parameters = Parameters::new(Device::Cpu, 0);
        let gru = Gru::new(&parameters.root(), 2, 3, 2);
        for weight in &gru.weights {
            let _ = tch::no_grad(|| weight.shallow_clone().zero_());
        }
        // With all weights 0 the update gate is 1/2 and the candidate 0: the state halves at every
        // step.
        let start = Tensor::ones([1, 3], (Kind::Float, Device::Cpu));
        let outputs = gru.forward(&Tensor::zeros([2, 1, 2], (Kind::Float, Device::Cpu)), &start);
        assert_eq!(
            Vec::<f32>::try_from(outputs.flatten(0, -1)).expect("floats"),
            [0.5, 0.5, 0.5, 0.25, 0.25, 0.25]
        );
    }
}
