//! Mean, covariance and singular vectors of a message's rows.

use tch::{Kind, Tensor};

/// Singular values below this part of the largest are 0: centred rows have a rank of L - 1.
const LEAST_SINGULAR: f64 = 1e-5;
/// The number of singular vectors that leverages are made of.
const LEVERAGE_RANK: i64 = 16;

/// The mean row, `[1, d]`.
pub fn mean(hidden: &Tensor) -> Tensor {
    hidden.mean_dim(0, true, hidden.kind())
}

fn centred(hidden: &Tensor) -> Tensor {
    hidden - mean(hidden)
}

/// Rows of mean 0 whose covariance is that of `hidden` `[L, d]`, from standard normal draws
/// `[L, L]`.
pub fn covariance_noise(hidden: &Tensor, draws: &Tensor) -> Tensor {
    let freedom = (hidden.size()[0] - 1).max(1) as f64;
    draws.matmul(&centred(hidden)) / freedom.sqrt()
}

/// The left singular vectors of the largest singular values, `[L, r]` with r up to 16.
pub fn leading(hidden: &Tensor) -> Tensor {
    let (left, values, _) = hidden.to_kind(Kind::Double).svd(true, true);
    left.narrow(1, 0, rank(&values).min(LEVERAGE_RANK))
}

/// The directions in which the centred rows of `hidden` `[L, d]` vary, `[r, d]` with unit rows.
pub fn principal(hidden: &Tensor) -> Tensor {
    let (_, values, basis) = centred(hidden).to_kind(Kind::Double).svd(true, true);
    basis.narrow(1, 0, rank(&values)).transpose(0, 1).to_kind(hidden.kind())
}

/// The number of singular values that are not 0.
fn rank(values: &Tensor) -> i64 {
    let least = &values.max() * LEAST_SINGULAR;
    values.gt_tensor(&least).sum(Kind::Int64).int64_value(&[])
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
