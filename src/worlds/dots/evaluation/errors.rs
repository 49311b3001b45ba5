//! Sums of squared errors, and the scores made of them.

use anyhow::{Context, Result};
use ndarray::{Array2, ArrayD, Ix2};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// Root mean squared distances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Over all frames, sequences and dots, in pixels.
    pub rmse_px: f64,
    /// `rmse_px` divided by the 28 pixels of the image's side, as the paper reports it.
    pub rmse_unit: f64,
    /// RMSE of each frame over sequences and dots, in pixels.
    pub per_step_px: Vec<f64>,
    /// RMSE of each dot over frames and sequences, in pixels.
    pub per_dot_px: Vec<f64>,
}

/// Sums of squared distances of each frame and dot, `[T, dots]`, kept on the device.
#[derive(Default)]
pub struct SquaredErrors {
    sums: Option<Tensor>,
    sequences: i64,
}

impl SquaredErrors {
    /// Adds the errors of predicted against true positions, both `[T, B, dots, 2]`.
    pub fn add(&mut self, predicted: &Tensor, truth: &Tensor) {
        let distances = (predicted - truth).square().sum_dim_intlist([1, 3].as_slice(), false, Kind::Double);
        self.sequences += truth.size()[1];
        self.sums = Some(match self.sums.take() {
            Some(sums) => sums + distances,
            None => distances,
        });
    }

    /// The score of all errors added; `to_px_squared` converts squared data units to pixels^2.
    ///
    /// # Errors
    /// When no batch was added, or libtorch cannot copy the sums.
    pub fn score(&self, to_px_squared: impl Fn(f64) -> f64) -> Result<Score> {
        let sums = self.sums.as_ref().context("a score needs at least one batch")?.to_device(Device::Cpu);
        let sums: ArrayD<f64> = (&sums).try_into()?;
        Ok(score_of(&sums.into_dimensionality::<Ix2>()?, self.sequences as f64, to_px_squared))
    }
}

/// The score of sums of squared errors `[T, dots]` over `sequences` sequences.
pub fn score_of(sums: &Array2<f64>, sequences: f64, to_px_squared: impl Fn(f64) -> f64) -> Score {
    let (frames, dots) = (sums.nrows() as f64, sums.ncols() as f64);
    let root = |sum: f64, count: f64| to_px_squared(sum / count).sqrt();
    let rmse_px = root(sums.iter().sum(), frames * dots * sequences);
    let per_step = sums.rows().into_iter().map(|row| root(row.iter().sum(), dots * sequences));
    let per_dot = sums.columns().into_iter().map(|column| root(column.iter().sum(), frames * sequences));
    Score {
        rmse_px,
        rmse_unit: rmse_px / crate::datasets::IMAGE_SIZE as f64,
        per_step_px: per_step.collect(),
        per_dot_px: per_dot.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_root_mean_squared_distances() {
        // Two frames, one sequence, two dots: distances 5 and 0, then 0 and 13.
        let truth = Tensor::zeros([2, 1, 2, 2], (Kind::Float, Device::Cpu));
        let predicted = Tensor::from_slice(&[3.0f32, 4.0, 0.0, 0.0, 0.0, 0.0, 5.0, 12.0]).view([2, 1, 2, 2]);
        let mut errors = SquaredErrors::default();
        errors.add(&predicted, &truth);
        errors.add(&predicted, &truth);
        let score = errors.score(|squared| 4.0 * squared).unwrap();
        assert!((score.rmse_px - 2.0 * (194.0f64 / 4.0).sqrt()).abs() < 1e-9);
        assert!((score.rmse_unit * 28.0 - score.rmse_px).abs() < 1e-12);
        assert!((score.per_step_px[1] - 2.0 * (169.0f64 / 2.0).sqrt()).abs() < 1e-9);
        assert!((score.per_dot_px[0] - 2.0 * (25.0f64 / 2.0).sqrt()).abs() < 1e-9);
    }
}
