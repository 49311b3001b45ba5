//! Finding tensors that are not finite.

use tch::{Kind, Tensor};

/// The name of the first tensor that holds NaN or an infinite number, and which of the two it
/// holds.
///
/// One pass over the tensors and one value read from their device.
pub fn not_finite(named: &[(String, Tensor)]) -> Option<(&str, &'static str)> {
    let numbers = || named.iter().filter(|(_, tensor)| tensor.is_floating_point() && tensor.numel() > 0);
    // A sum is not finite where an element is not. The sum of finite numbers may overflow too: the
    // search below tells.
    let sums: Vec<Tensor> = numbers().map(|(_, tensor)| tensor.detach().sum(Kind::Float)).collect();
    if sums.is_empty() || bool::try_from(Tensor::stack(&sums, 0).isfinite().all()).unwrap_or(false) {
        return None;
    }
    let holds = |flags: Tensor| bool::try_from(flags.any()).unwrap_or(true);
    numbers().find_map(|(name, tensor)| {
        if holds(tensor.isnan()) {
            return Some((name.as_str(), "NaN"));
        }
        holds(tensor.isinf()).then_some((name.as_str(), "infinite"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(values: &[(&str, Tensor)]) -> Vec<(String, Tensor)> {
        values.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.shallow_clone())).collect()
    }

    #[test]
    fn the_first_tensor_that_is_not_finite_is_named_with_what_it_holds() {
        let sound = named(&[
            ("a", Tensor::from_slice(&[1f32, -2.0])),
            ("empty", Tensor::zeros([0], tch::kind::FLOAT_CPU)),
        ]);
        assert_eq!(not_finite(&sound), None);
        for (value, what) in [(f32::NAN, "NaN"), (f32::INFINITY, "infinite"), (f32::NEG_INFINITY, "infinite")]
        {
            let broken = Tensor::from_slice(&[0.0, value, 1.0]).set_requires_grad(true);
            let all = named(&[("a", Tensor::from(1f32)), ("steps", Tensor::from(3i64)), ("b", broken)]);
            assert_eq!(not_finite(&all), Some(("b", what)));
        }
    }

    #[test]
    fn infinities_of_both_signs_are_found_and_an_overflowing_sum_is_none() {
        let both = named(&[("a", Tensor::from_slice(&[f32::INFINITY, f32::NEG_INFINITY]))]);
        assert_eq!(not_finite(&both), Some(("a", "infinite")));
        let large = named(&[("a", Tensor::from_slice(&[3e38f32, 3e38]))]);
        assert_eq!(not_finite(&large), None);
    }
}
