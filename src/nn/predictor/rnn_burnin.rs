//! A recurrent predictor that looks at several frames before it imagines one.

use tch::Tensor;

use crate::nn::{Gru, Linear, Scope};

/// A GRU on `[encoding, action]` whose output, through a linear layer, is the next encoding and its next input.
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

    /// Encodings `[K, B, D]` and actions `[K+T-2, B, A]` -> predicted encodings `[T-1, B, D]`
    ///
    /// The state starts at 0; all frames seen but the last only warm it up.
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
