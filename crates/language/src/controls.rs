//! Messages that are destroyed or shortened in a known way, as controls of what a receiver reads.
//!
//! All act on a sender's hidden states `[L, d]` before the adapter.

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};
use umwelt_base::random::Stream;
use umwelt_torch::native;

/// Singular values below this part of the largest are 0: centred rows have a rank of L - 1.
const LEAST_SINGULAR: f64 = 1e-5;

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
        })
    }
}

fn first(hidden: &Tensor, count: i64) -> Result<Tensor> {
    ensure!(count > 0, "a message of 0 rows is no message");
    Ok(hidden.narrow(0, 0, count.min(hidden.size()[0])))
}

fn mean(hidden: &Tensor) -> Tensor {
    hidden.mean_dim(0, true, hidden.kind())
}

fn centred(hidden: &Tensor) -> Tensor {
    hidden - mean(hidden)
}

/// The norms of rows, `[L, 1]`.
fn norms(rows: &Tensor) -> Tensor {
    rows.square().sum_dim_intlist(1, true, rows.kind()).sqrt()
}

/// `count` rows at equal distances from the first to the last, by linear interpolation.
///
/// # Errors
/// When `count` is 0.
pub fn interpolated(hidden: &Tensor, count: i64) -> Result<Tensor> {
    ensure!(count > 0, "a message of 0 rows is no message");
    let columns = hidden.transpose(0, 1).unsqueeze(0);
    Ok(columns.upsample_linear1d([count], true, None::<f64>).squeeze_dim(0).transpose(0, 1))
}

/// Rows of mean 0 whose covariance is that of `hidden` `[L, d]`, from standard normal draws
/// `[L, L]`.
pub fn covariance_noise(hidden: &Tensor, draws: &Tensor) -> Tensor {
    let freedom = (hidden.size()[0] - 1).max(1) as f64;
    draws.matmul(&centred(hidden)) / freedom.sqrt()
}

/// The directions in which the centred rows of `hidden` `[L, d]` vary, `[r, d]` with unit rows.
pub fn principal(hidden: &Tensor) -> Tensor {
    let (_, values, basis) = centred(hidden).to_kind(Kind::Double).svd(true, true);
    let least = &values.max() * LEAST_SINGULAR;
    let rank = values.gt_tensor(&least).sum(Kind::Int64).int64_value(&[]);
    basis.narrow(1, 0, rank).transpose(0, 1).to_kind(hidden.kind())
}

/// A random orthogonal matrix, uniform in Haar's measure, from standard normal draws `[r, r]`
/// (Mezzadri, *How to generate random matrices from the classical compact groups*, 2007).
pub fn orthogonal(draws: &Tensor) -> Tensor {
    let (q, r) = Tensor::linalg_qr(draws, "reduced");
    q * r.diag(0).sign()
}

/// Rows of the mean and the covariance of `hidden` `[L, d]`.
///
/// Their coordinates along `basis` `[r, d]`, each scaled to norm 1, are turned by an orthogonal
/// matrix `[r, r]`.
pub fn rotated(hidden: &Tensor, basis: &Tensor, orthogonal: &Tensor) -> Tensor {
    let coordinates = centred(hidden).matmul(&basis.transpose(0, 1));
    let sizes = coordinates.square().sum_dim_intlist(0, true, coordinates.kind()).sqrt();
    mean(hidden) + ((coordinates / &sizes).matmul(orthogonal) * &sizes).matmul(basis)
}
