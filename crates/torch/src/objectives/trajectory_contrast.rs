//! Contrast along time: negatives are the other frames of the same sequence.
//!
//! A cue that is constant over a sequence, such as a fixed distractor, does not reduce this loss
//! (arXiv 2606.07770). It is symmetric, as in CLIP (Radford et al., arXiv 2103.00020, figure 3).

use tch::Tensor;

use super::info_nce::unit_length;

/// The mean cross-entropy of matching T predictions with T frames, `[T, B, D]` each, within each of
/// B sequences, in both directions.
///
/// The positive of a prediction is the frame of its own step; the other frames of the sequence are
/// negatives. `normalize` divides rows by their norms.
pub fn trajectory_contrast(
    predictions: &Tensor,
    frames: &Tensor,
    normalize: bool,
    temperature: f64,
) -> Tensor {
    let by_sequence = |x: &Tensor| if normalize { unit_length(x) } else { x.shallow_clone() }.transpose(0, 1);
    let (predictions, frames) = (by_sequence(predictions), by_sequence(frames)); // [B, T, D]
    let similarity = predictions.matmul(&frames.transpose(1, 2)) / temperature; // [B, T, T]
    (matching(&similarity) + matching(&similarity.transpose(1, 2))) / 2.0
}

/// The mean cross-entropy of choosing column t in row t of `[B, T, T]`.
fn matching(similarity: &Tensor) -> Tensor {
    let (sequences, steps, _) = similarity.size3().expect("similarities are [B, T, T]");
    let own = Tensor::arange(steps, (tch::Kind::Int64, similarity.device())).repeat([sequences]);
    similarity.reshape([-1, steps]).cross_entropy_for_logits(&own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use tch::{Device, Kind};

    #[test]
    fn agrees_with_a_loop_over_sequences_and_steps() {
        let draws = Draws::new(1);
        let kind = (Kind::Double, Device::Cpu);
        let (predictions, frames) = (draws.normal([3, 2, 4], kind.0), draws.normal([3, 2, 4], kind.0));
        let similar = |t: i64, s: i64, b: i64| {
            (predictions.get(t).get(b) * frames.get(s).get(b)).sum(Kind::Double).double_value(&[]) / 0.7
        };
        let mut expected = 0.0;
        for (b, t) in (0..2).flat_map(|b| (0..3).map(move |t| (b, t))) {
            let from_prediction: f64 = (0..3).map(|s| similar(t, s, b).exp()).sum();
            let from_frame: f64 = (0..3).map(|s| similar(s, t, b).exp()).sum();
            expected += (from_prediction.ln() + from_frame.ln() - 2.0 * similar(t, t, b)) / 12.0;
        }
        let ours = trajectory_contrast(&predictions, &frames, false, 0.7).double_value(&[]);
        assert!((ours - expected).abs() < 1e-6, "{ours} {expected}");
    }

    #[test]
    fn an_encoding_constant_in_time_has_the_loss_of_a_uniform_guess() {
        let draws = Draws::new(0);
        let constant = draws.floats([1, 5, 8]).repeat([6, 1, 1]);
        let loss = trajectory_contrast(&constant, &constant, true, 0.2).double_value(&[]);
        assert!((loss - 6f64.ln()).abs() < 1e-5, "{loss}");
    }
}
