//! A recurrent layer that is stepped one input at a time.

use tch::Tensor;

use super::Scope;
use super::gru::{unroll, weights};

/// One gated recurrent layer (Cho et al. 2014, in cuDNN's variant).
pub struct GruCell {
    weights: [Tensor; 4],
}

impl GruCell {
    pub fn new(scope: &Scope, inputs: i64, hidden: i64) -> Self {
        Self { weights: weights(scope, inputs, hidden, "") }
    }

    /// input `[B, I]`, state `[B, H]` -> next state `[B, H]`
    pub fn step(&self, input: &Tensor, state: &Tensor) -> Tensor {
        let [w_ih, w_hh, b_ih, b_hh] = &self.weights;
        input.gru_cell(state, w_ih, w_hh, Some(b_ih), Some(b_hh))
    }

    /// all inputs `[T, B, I]`, initial state `[B, H]` -> states after each input `[T, B, H]`
    pub fn unroll(&self, inputs: &Tensor, start: &Tensor) -> Tensor {
        unroll(inputs, &start.unsqueeze(0), &self.weights).0
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    #[test]
    fn unrolling_is_stepping() {
        let draws = Draws::new(0);
        let cell = GruCell::new(&Parameters::new(Device::Cpu, 0).root(), 3, 4);
        let inputs = draws.floats([5, 2, 3]);
        let start = draws.floats([2, 4]);
        let states = cell.unroll(&inputs, &start);
        let last = (0..5).fold(start, |state, t| cell.step(&inputs.get(t), &state));
        assert!((states.get(4) - last).abs().max().double_value(&[]) < 1e-6);
    }
}
