//! The choice of rows of a message.

use anyhow::{Result, ensure};
use tch::Tensor;

/// The first `count` rows.
///
/// # Errors
/// When `count` is 0.
pub fn first(hidden: &Tensor, count: i64) -> Result<Tensor> {
    ensure!(count > 0, "a message of 0 rows is no message");
    Ok(hidden.narrow(0, 0, count.min(hidden.size()[0])))
}

/// The `count` rows of the highest ranks `[L, 1]`, in their order.
///
/// # Errors
/// When `count` is 0.
pub fn highest(hidden: &Tensor, ranks: &Tensor, count: i64) -> Result<Tensor> {
    ensure!(count > 0, "a message of 0 rows is no message");
    let (_, places) = ranks.squeeze_dim(1).topk(count.min(hidden.size()[0]), 0, true, true);
    let (places, _) = places.sort(0, false);
    Ok(hidden.index_select(0, &places))
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

/// The norms of rows, `[L, 1]`.
pub fn norms(rows: &Tensor) -> Tensor {
    rows.square().sum_dim_intlist(1, true, rows.kind()).sqrt()
}
