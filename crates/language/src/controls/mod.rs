//! Messages that are destroyed or shortened in a known way, as controls of what a receiver reads.
//!
//! All act on a sender's hidden states `[L, d]` before the adapter.

mod rows;
mod spectrum;

use anyhow::{Result, ensure};
use tch::Tensor;
use umwelt_base::random::Stream;
use umwelt_torch::native;

use self::rows::{first, highest, norms};
use self::spectrum::{leading, mean};

pub use self::rows::interpolated;
pub use self::spectrum::{covariance_noise, orthogonal, principal, rotated};

/// A change of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Control {
    /// The first rows.
    First(usize),
    /// The first part of the rows, rounded down, and at least one row.
    Truncated(f64),
    /// This many rows by linear interpolation over time.
    Uniform(usize),
    /// The message and this much noise of its own covariance.
    CovarianceNoise(f64),
    /// Noise of the message's covariance, with its mean or with mean 0.
    CovarianceOnly {
        mean: bool,
    },
    /// Standard normal rows.
    WhiteNoise,
    /// Normal rows of the message's norms.
    NormNoise,
    /// The message and normal noise of this standard deviation.
    Noised(f64),
    /// The rows, rotated among each other so that mean and covariance stay.
    Rotated,
    Zeros,
    Shuffled,
    Reversed,
    /// The rows that rank highest, in their order.
    Pruned {
        by: Ranking,
        count: usize,
    },
}

/// The order in which rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranking {
    /// The largest norms first.
    Norm,
    /// The largest leverages first: norms of the rows of the first 16 left singular vectors.
    Leverage,
    Random,
}

impl Control {
    /// The changed message of hidden states `[L, d]`; its random numbers are a function of (seed,
    /// task, channel).
    ///
    /// # Errors
    /// When the message is empty, or the control asks for no rows.
    pub fn apply(self, hidden: &Tensor, seed: u64, task: &str, channel: &str) -> Result<Tensor> {
        let (rows, width) = hidden.size2()?;
        ensure!(rows > 0, "the message of {task} has no rows");
        let mut rng = Stream::new(seed, &format!("{channel} of {task}")).at(&[]);
        let bits = rng.bits();
        let normals = |shape: [i64; 2]| native::normals(&shape, hidden.device(), bits).to_kind(hidden.kind());
        Ok(match self {
            Self::First(count) => first(hidden, count as i64)?,
            Self::Truncated(part) => first(hidden, ((part * rows as f64).floor() as i64).max(1))?,
            Self::Uniform(count) => interpolated(hidden, count as i64)?,
            Self::CovarianceNoise(amount) => {
                hidden + covariance_noise(hidden, &normals([rows, rows])) * amount
            }
            Self::CovarianceOnly { mean: false } => covariance_noise(hidden, &normals([rows, rows])),
            Self::CovarianceOnly { mean: true } => {
                mean(hidden) + covariance_noise(hidden, &normals([rows, rows]))
            }
            Self::WhiteNoise => normals([rows, width]),
            Self::NormNoise => {
                let noise = normals([rows, width]);
                &noise * (norms(hidden) / norms(&noise))
            }
            Self::Noised(deviation) => hidden + normals([rows, width]) * deviation,
            Self::Rotated => {
                let basis = principal(hidden);
                let rank = basis.size()[0];
                rotated(hidden, &basis, &orthogonal(&normals([rank, rank])))
            }
            Self::Zeros => hidden.zeros_like(),
            Self::Shuffled => {
                let mut order: Vec<i64> = (0..rows).collect();
                rng.shuffle(&mut order);
                hidden.index_select(0, &Tensor::from_slice(&order).to_device(hidden.device()))
            }
            Self::Reversed => hidden.flip([0]),
            Self::Pruned { by, count } => {
                let ranks = match by {
                    Ranking::Norm => norms(hidden),
                    Ranking::Leverage => norms(&leading(hidden)),
                    Ranking::Random => normals([rows, 1]),
                };
                highest(hidden, &ranks, count as i64)?
            }
        })
    }
}
