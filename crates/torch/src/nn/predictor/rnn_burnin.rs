//! A recurrent predictor with a burn-in of several frames.

use tch::Tensor;

use crate::nn::{Gru, Linear, Scope};

/// A GRU on `[encoding, action]`. A linear layer of its output gives the next encoding, which is
/// its next input.
pub struct RnnBurnin {
    rnn: Gru,
    output_projector: Linear,
}

impl RnnBurnin {
    pub fn new(scope: &Scope, embedding: i64, action_size: i64, layers: i64) -> Self {
        Self {
            rnn: Gru::new(&scope.sub("rnn"), embedding + action_size, embedding, layers),
            output_projector: Linear::new(&scope.sub("output_projector"), embedding, embedding),
        }
    }

    /// burn-in encodings `[K, B, D]`, actions `[K+T-2, B, A]` -> predicted encodings `[T-1, B, D]`
    ///
    /// The state starts at 0. The burn-in frames before the last only update the state.
    pub fn forward(&self, seen: &Tensor, actions: &Tensor) -> Tensor {
        let (frames, steps) = (seen.size()[0], actions.size()[0]);
        let inputs = |encodings: &Tensor, actions: &Tensor| Tensor::cat(&[encodings, actions], -1);
        let warm = frames - 1;
        let mut state = self.rnn.rest(seen.size()[1]);
        if warm > 0 {
            let past = inputs(&seen.narrow(0, 0, warm), &actions.narrow(0, 0, warm));
            state = self.rnn.advance(&past, &state).1;
        }
        let mut now = seen.narrow(0, warm, 1);
        let mut predictions = Vec::new();
        for step in warm..steps {
            let (output, next) = self.rnn.advance(&inputs(&now, &actions.narrow(0, step, 1)), &state);
            (now, state) = (self.output_projector.forward(&output), next);
            predictions.push(now.shallow_clone());
        }
        Tensor::cat(&predictions, 0)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    #[test]
    fn the_first_prediction_is_read_from_all_frames_seen_and_the_next_from_it() {
        let draws = Draws::new(1);
        let parameters = Parameters::new(Device::Cpu, 0);
        let predictor = RnnBurnin::new(&parameters.root(), 5, 2, 2);
        let random = |shape: [i64; 3]| draws.floats(shape);
        let (seen, actions) = (random([3, 4, 5]), random([4, 4, 2]));
        let predicted = predictor.forward(&seen, &actions);
        assert_eq!(predicted.size(), [2, 4, 5]);
        // The same without a loop: the frames the network is to have seen by then, in one call.
        for step in 0..2 {
            let fed = Tensor::cat(&[&seen, &predicted.narrow(0, 0, step)], 0);
            let inputs = Tensor::cat(&[&fed, &actions.narrow(0, 0, 3 + step)], -1);
            let rest = Tensor::zeros([2, 4, 5], (Kind::Float, Device::Cpu));
            let output = predictor.rnn.advance(&inputs, &rest).0.get(-1);
            let expected = predictor.output_projector.forward(&output);
            let difference = (predicted.get(step) - expected).abs().max();
            assert!(difference.double_value(&[]) < 1e-6);
        }
    }
}
