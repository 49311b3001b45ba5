//! Controls of messages, compared with recorded ones.

use tch::{Kind, Tensor};
use umwelt_language::{Control, Ranking, covariance_noise, interpolated, orthogonal, principal, rotated};

use crate::models::gap;
use crate::recorded::{Recorded, close};

fn mean(x: &Tensor) -> Tensor {
    x.mean_dim(0, true, Kind::Float)
}

fn covariance(x: &Tensor) -> Tensor {
    let centred = x - mean(x);
    centred.transpose(0, 1).matmul(&centred) / (x.size()[0] - 1) as f64
}

fn message() -> Tensor {
    Recorded::load("lm_controls").tensors["input.hidden"].copy()
}

#[test]
fn controls_with_given_draws_are_the_recorded_ones() {
    let recorded = Recorded::load("lm_controls");
    let input = |name: &str| &recorded.tensors[&format!("input.{name}")];
    let expected = |name: &str| &recorded.tensors[&format!("expect.{name}")];
    let hidden = input("hidden");
    let noise = covariance_noise(hidden, input("gaussian_time"));
    close("noise", &noise, expected("cov_gauss_0mu"));
    close("mean and noise", &(&noise + mean(hidden)), expected("cov_gauss_mu"));
    close("added noise", &(hidden + &noise * 0.5), expected("cov_noise"));
    close("interpolation", &interpolated(hidden, 4).unwrap(), expected("interpolate_4"));
    let turned = rotated(hidden, input("svd_v"), input("orthogonal"));
    close("rotation", &turned, expected("random_rot"));
    close("covariance", &covariance(&turned), expected("covariance_random_rot"));
    // Singular vectors are unique up to their signs.
    let basis = principal(hidden);
    assert_eq!(basis.size(), [8, 16]);
    assert!(
        (basis.matmul(&input("svd_v").transpose(0, 1)).abs() - Tensor::eye(8, tch::kind::FLOAT_CPU))
            .abs()
            .max()
            .double_value(&[])
            < 1e-4
    );
}

#[test]
fn a_rotation_keeps_mean_and_covariance_and_noise_keeps_them_on_average() {
    let hidden = message();
    let turned = Control::Rotated.apply(&hidden, 1, "a", "random_rot").unwrap();
    assert!(gap(&turned, &hidden) > 0.1);
    assert!(gap(&mean(&turned), &mean(&hidden)) < 1e-3);
    assert!(gap(&covariance(&turned), &covariance(&hidden)) < 1e-3);
    let drawn = |i: i64| {
        Control::CovarianceOnly { mean: true }.apply(&hidden, 1, &format!("{i}"), "cov_gauss_mu").unwrap()
    };
    let all = Tensor::cat(&(0..3000).map(drawn).collect::<Vec<_>>(), 0);
    let size = covariance(&hidden).abs().max().double_value(&[]);
    assert!(gap(&covariance(&all), &covariance(&hidden)) < 0.05 * size);
}

#[test]
fn an_orthogonal_matrix_has_positive_signs_of_its_factor() {
    let draws = Tensor::arange(25, tch::kind::FLOAT_CPU).square().sin().view([5, 5]);
    let q = orthogonal(&draws);
    assert!(gap(&q.matmul(&q.transpose(0, 1)), &Tensor::eye(5, tch::kind::FLOAT_CPU)) < 1e-5);
    let r = q.transpose(0, 1).matmul(&draws);
    assert!(r.diag(0).min().double_value(&[]) > 0.0);
    assert!(gap(&r.tril(-1), &r.zeros_like()) < 1e-5);
}

#[test]
fn rows_are_cut_reordered_and_replaced() {
    let hidden = Tensor::arange(20, tch::kind::FLOAT_CPU).view([10, 2]);
    let firsts = |control: Control| -> Vec<f64> {
        Vec::try_from(control.apply(&hidden, 3, "a", "c").unwrap().select(1, 0).to_kind(Kind::Double))
            .unwrap()
    };
    assert_eq!(firsts(Control::First(3)), [0.0, 2.0, 4.0]);
    assert_eq!(firsts(Control::First(30)).len(), 10);
    assert_eq!(firsts(Control::Truncated(0.25)), [0.0, 2.0]);
    assert_eq!(firsts(Control::Truncated(0.01)), [0.0]);
    assert_eq!(firsts(Control::Uniform(4)), [0.0, 6.0, 12.0, 18.0]);
    assert_eq!(firsts(Control::Reversed)[..2], [18.0, 16.0]);
    assert_eq!(firsts(Control::Zeros), [0.0; 10]);
    let mut shuffled = firsts(Control::Shuffled);
    assert_ne!(shuffled, firsts(Control::First(10)));
    assert_eq!(shuffled, firsts(Control::Shuffled));
    shuffled.sort_by(f64::total_cmp);
    assert_eq!(shuffled, firsts(Control::First(10)));
    assert!(Control::First(0).apply(&hidden, 3, "a", "c").is_err());
    assert!(Control::Uniform(0).apply(&hidden, 3, "a", "c").is_err());
}

#[test]
fn noise_has_its_size_and_follows_from_seed_task_and_channel() {
    let hidden = Tensor::arange(4000, tch::kind::FLOAT_CPU).sin().view([100, 40]) * 3.0;
    let apply = |control: Control, task: &str| control.apply(&hidden, 3, task, "c").unwrap();
    let white = apply(Control::WhiteNoise, "a");
    assert!((white.std(true).double_value(&[]) - 1.0).abs() < 0.05);
    assert_eq!(gap(&white, &apply(Control::WhiteNoise, "a")), 0.0);
    assert!(gap(&white, &apply(Control::WhiteNoise, "b")) > 0.1);
    let norms = |x: &Tensor| x.square().sum_dim_intlist(1, false, Kind::Float).sqrt();
    assert!(gap(&norms(&apply(Control::NormNoise, "a")), &norms(&hidden)) < 1e-3);
    let noise = apply(Control::Noised(0.5), "a") - &hidden;
    assert!((noise.std(true).double_value(&[]) - 0.5).abs() < 0.03);
}

#[test]
fn rows_are_pruned_by_norm_leverage_and_chance() {
    // Row i is (i + 1) times a unit vector, but row 2 alone stands in a direction of its own.
    let hidden = Tensor::zeros([6, 4], tch::kind::FLOAT_CPU);
    for row in 0..6 {
        let column = if row == 2 { 3 } else { 0 };
        let _ = hidden.get(row).get(column).fill_(row as f64 + 1.0);
    }
    let kept = |by: Ranking, count: usize| -> Vec<f64> {
        let rows = Control::Pruned { by, count }.apply(&hidden, 3, "a", "prune").unwrap();
        Vec::try_from(rows.sum_dim_intlist(1, false, Kind::Double)).unwrap()
    };
    assert_eq!(kept(Ranking::Norm, 3), [4.0, 5.0, 6.0]);
    // Leverages: 1 for row 2, and (i + 1)^2 / 82 for the others.
    assert_eq!(kept(Ranking::Leverage, 2), [3.0, 6.0]);
    assert_eq!(kept(Ranking::Leverage, 9).len(), 6);
    let random = kept(Ranking::Random, 4);
    assert_eq!(random, kept(Ranking::Random, 4));
    assert!(random.windows(2).all(|pair| pair[0] < pair[1]) && random.len() == 4);
    assert!(Control::Pruned { by: Ranking::Norm, count: 0 }.apply(&hidden, 3, "a", "prune").is_err());
}
