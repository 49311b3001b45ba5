//! The slow-feature ratio, which measures the failure described in the paper (arXiv 2211.10831).

use tch::{Kind, Tensor};

/// The share of the variance of `x` `[T, B, D]` that lies between sequences: 1 if nothing changes
/// in time.
///
/// Independent frames score 1 / T. The ratio is NaN if `x` is constant.
pub fn slow_feature_ratio(x: &Tensor) -> Tensor {
    let frames = x.size()[0];
    let own = x.mean_dim([0].as_slice(), true, x.kind()); // [1, B, D]
    let overall = own.mean_dim([1].as_slice(), true, x.kind());
    let within = (x - &own).square().sum(Kind::Double);
    let between = (own - overall).square().sum(Kind::Double) * frames as f64;
    &between / (&between + within)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::draws::Draws;

    #[test]
    fn the_ratio_runs_from_what_only_moves_to_what_never_moves() {
        let sequence = Tensor::from_slice(&[-2.0, 2.0]).view([1, 2, 1]); // between: variance 4
        let time = Tensor::from_slice(&[-1.0, 1.0, -1.0, 1.0]).view([4, 1, 1]); // within: variance 1
        let ratio = |x: Tensor| slow_feature_ratio(&x).double_value(&[]);
        assert!((ratio(&sequence + &time) - 4.0 / 5.0).abs() < 1e-12);
        assert_eq!(ratio(sequence.expand([4, 2, 1], false)), 1.0);
        assert_eq!(ratio(time.expand([4, 2, 1], false)), 0.0);
        assert!(ratio(Tensor::ones([4, 2, 1], (Kind::Float, Device::Cpu))).is_nan());
    }

    #[test]
    fn independent_frames_score_one_in_t() {
        let draws = Draws::new(0);
        let x = draws.floats([8, 500, 20]);
        assert!((slow_feature_ratio(&x).double_value(&[]) - 1.0 / 8.0).abs() < 0.005);
    }
}
