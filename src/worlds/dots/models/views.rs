//! The tensors that the losses of joint embedding models compare.

use tch::Tensor;

use crate::diagnostics::Activations;

/// Encodings, projections and predictions of a batch. Frame 0 of T is the last burn-in frame.
pub struct Views {
    /// Encodings of the frames, `[T, B, D]`.
    pub encodings: Tensor,
    /// Projections of the encodings, `[T, B, P]`.
    pub projections: Tensor,
    /// Predicted encodings of frames 1 to T-1, `[T-1, B, D]`.
    pub predictions: Tensor,
    /// Projections of the predictions, `[T-1, B, P]`, if the loss compares projections.
    pub projected_predictions: Option<Tensor>,
    /// Encodings `[T, B, D]` and projections `[T, B, P]` of the target encoder, if there is one.
    pub targets: Option<(Tensor, Tensor)>,
    /// Actions between the frames, `[T-1, B, A]`.
    pub actions: Tensor,
}

impl Views {
    /// The encoding before each predicted step: that of frame 0, then the predictions,
    /// `[T-1, B, D]`.
    pub fn previous_states(&self) -> Tensor {
        let steps = self.predictions.size()[0];
        Tensor::cat(&[self.encodings.narrow(0, 0, 1), self.predictions.narrow(0, 0, steps - 1)], 0)
    }

    /// The detached tensors that diagnostics are computed from.
    pub fn activations(&self) -> Activations {
        let predicted = self.projected_predictions.as_ref();
        let projections = predicted.map(|predicted| (self.projections.detach(), predicted.detach()));
        Activations {
            encodings: self.encodings.detach(),
            predictions: self.predictions.detach(),
            projections,
        }
    }
}

/// All frames but the first: `[T, ..]` -> `[T-1, ..]`
pub fn later(frames: &Tensor) -> Tensor {
    since(frames, 1)
}

/// The frames from `first` on: `[T, ..]` -> `[T-first, ..]`
pub fn since(frames: &Tensor, first: i64) -> Tensor {
    match first {
        0 => frames.shallow_clone(),
        _ => frames.narrow(0, first, frames.size()[0] - first),
    }
}
