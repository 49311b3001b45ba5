//! Products of a few rows with a bfloat16 matrix.

use std::ffi::{c_int, c_void};

use tch::{Device, Kind, Tensor};

use super::{Handle, from_out};

unsafe extern "C" {
    fn umwelt_row_products(x: Handle, weight: Handle, bias: Handle, out: *mut *mut c_void) -> c_int;
}

/// The most rows that [`row_products`] takes.
pub const MOST_ROWS: i64 = 4;

/// True if [`row_products`] takes rows `x` `[.., K]` and a `weight` `[N, K]`.
pub fn takes_row_products(x: &Tensor, weight: &Tensor) -> bool {
    weight.kind() == Kind::BFloat16
        && weight.device() == Device::Cpu
        && x.kind() == Kind::BFloat16
        && x.numel() as i64 <= MOST_ROWS * weight.size()[1]
        && x.numel() > 0
        && weight.is_contiguous()
}

/// `x` `[.., K]` of 1 to 4 rows times `weight` `[N, K]` -> `[.., N]`, in bfloat16 on the CPU with
/// sums in float32, without gradients.
///
/// The weight is read once and in its own format; libtorch's product for a single row takes as long
/// as in float32.
pub fn row_products(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
    let [x, weight] = [x, weight].map(|tensor| tensor.as_ptr() as Handle);
    let bias = bias.map_or(std::ptr::null(), |bias| bias.as_ptr() as Handle);
    from_out(|out| unsafe { umwelt_row_products(x, weight, bias, out) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;

    #[test]
    fn products_are_those_of_float32_rounded_once() {
        let draws = Draws::new(5);
        let half = |tensor: Tensor| tensor.to_kind(Kind::BFloat16);
        // Widths with and without a rest of vectors, and enough outputs for two threads.
        for (rows, width, outputs) in [(1, 576, 1536), (2, 37, 5), (3, 64, 700), (4, 100, 33)] {
            let (x, weight, bias) = (
                half(draws.floats([1, rows, width])),
                half(draws.floats([outputs, width])),
                half(draws.floats([outputs])),
            );
            assert!(takes_row_products(&x, &weight));
            for bias in [None, Some(&bias)] {
                let exact = |tensor: &Tensor| tensor.to_kind(Kind::Double);
                let expected = exact(&x).linear(&exact(&weight), bias.map(exact));
                let ours = row_products(&x, &weight, bias);
                assert_eq!((ours.size(), ours.kind()), (vec![1, rows, outputs], Kind::BFloat16));
                let largest = expected.abs().max().double_value(&[]);
                let gap = (exact(&ours) - expected).abs().max().double_value(&[]);
                // Half a unit in the last of 8 places.
                assert!(gap <= largest / 256.0, "{gap} of {largest}");
            }
        }
        assert!(!takes_row_products(&half(draws.floats([5, 64])), &half(draws.floats([7, 64]))));
    }
}
