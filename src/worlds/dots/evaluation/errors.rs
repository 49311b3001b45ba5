//! Squared errors, summed as they come, and the scores they make.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// Root mean squared distances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Over all frames, sequences and dots, in pixels.
    pub rmse_px: f64,
    /// The same as a fraction of the image's 28 pixels, as the paper reports it.
    pub rmse_unit: f64,
    /// Of every frame, in pixels.
    pub per_step_px: Vec<f64>,
    /// Of every dot, in pixels.
    pub per_dot_px: Vec<f64>,
}

/// Sums of squared distances per frame and dot, `[T, dots]`, on the device until a score is asked for.
#[derive(Default)]
pub struct SquaredErrors {
    sums: Option<Tensor>,
    sequences: i64,
}

impl SquaredErrors {
    /// Adds the errors of guesses at true positions, both `[T, B, dots, 2]`.
    pub fn add(&mut self, guesses: &Tensor, truth: &Tensor) {
        let distances = (guesses - truth).square().sum_dim_intlist([1, 3].as_slice(), false, Kind::Double);
        self.sequences += truth.size()[1];
        self.sums = Some(match self.sums.take() {
            Some(sums) => sums + distances,
            None => distances,
        });
    }

    /// The score, where `to_px_squared` turns squared data units into squared pixels.
    pub fn score(&self, to_px_squared: impl Fn(f64) -> f64) -> Score {
        let sums = self.sums.as_ref().expect("a score needs at least one batch").to_device(Device::Cpu);
        let rows = Vec::<Vec<f64>>::try_from(sums).expect("sums are [T, dots]");
        score_of(&rows, self.sequences as f64, to_px_squared)
    }
}

/// The score of sums of squared errors `[T][dots]` over so many sequences.
pub fn score_of(sums: &[Vec<f64>], sequences: f64, to_px_squared: impl Fn(f64) -> f64) -> Score {
    let (frames, dots) = (sums.len() as f64, sums[0].len());
    let root = |sum: f64, count: f64| to_px_squared(sum / count).sqrt();
    let rmse_px = root(sums.iter().flatten().sum(), frames * dots as f64 * sequences);
    let dot = |d: usize| root(sums.iter().map(|row| row[d]).sum(), frames * sequences);
    Score {
        rmse_px,
        rmse_unit: rmse_px / crate::datasets::IMAGE_SIZE as f64,
        per_step_px: sums.iter().map(|row| root(row.iter().sum(), dots as f64 * sequences)).collect(),
        per_dot_px: (0..dots).map(dot).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_root_mean_squared_distances() {
        // Two frames, one sequence, two dots: distances 5 and 0, then 0 and 13.
        let truth = Tensor::zeros([2, 1, 2, 2], (Kind::Float, Device::Cpu));
        let guesses = Tensor::from_slice(&[3.0f32, 4.0, 0.0, 0.0, 0.0, 0.0, 5.0, 12.0]).view([2, 1, 2, 2]);
        let mut errors = SquaredErrors::default();
        errors.add(&guesses, &truth);
        errors.add(&guesses, &truth);
        let score = errors.score(|squared| 4.0 * squared);
        assert!((score.rmse_px - 2.0 * (194.0f64 / 4.0).sqrt()).abs() < 1e-9);
        assert!((score.rmse_unit * 28.0 - score.rmse_px).abs() < 1e-12);
        assert!((score.per_step_px[1] - 2.0 * (169.0f64 / 2.0).sqrt()).abs() < 1e-9);
        assert!((score.per_dot_px[0] - 2.0 * (25.0f64 / 2.0).sqrt()).abs() < 1e-9);
    }
}
