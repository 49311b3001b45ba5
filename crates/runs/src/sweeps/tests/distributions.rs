//! Tests of W&B's distributions against their definitions.

use super::{about, sweep};
use crate::sweeps::{Domain, Numbers};

/// The quantiles 1/8, 1/2 and 7/8 of a parameter.
fn quantiles(spec: &str) -> Vec<f64> {
    let sweep = sweep(&format!("method: random\nbudget: 1\nparameters: {{a: {{{spec}}}}}"));
    let domain = &sweep.space.dimensions[0].domain;
    [0.125, 0.5, 0.875].iter().map(|u| domain.at(*u).parse().unwrap()).collect()
}

#[track_caller]
fn has_quantiles(spec: &str, expected: [f64; 3]) {
    let found = quantiles(spec);
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-5 * b.abs();
    assert!(found.iter().zip(&expected).all(near), "{spec}: {found:?}, expected {expected:?}");
}

#[test]
fn uniform_ones() {
    has_quantiles("distribution: uniform, min: 0, max: 8", [1.0, 4.0, 7.0]);
    has_quantiles("distribution: int_uniform, min: 1, max: 8", [2.0, 5.0, 8.0]);
    has_quantiles("min: 1, max: 8", [2.0, 5.0, 8.0]);
    has_quantiles("min: 1, max: 8, int: false", [1.875, 4.5, 7.125]);
    has_quantiles("distribution: q_uniform, min: 1, max: 40, q: 10", [10.0, 30.0, 40.0]);
}

#[test]
fn those_on_a_log_scale() {
    has_quantiles(
        "distribution: log_uniform_values, min: 1.0e-4, max: 1",
        [10f64.powf(-3.5), 1e-2, 10f64.powf(-0.5)],
    );
    has_quantiles("min: 1.0e-4, max: 1, log: true", [10f64.powf(-3.5), 1e-2, 10f64.powf(-0.5)]);
    has_quantiles(
        "distribution: log_uniform, min: -8, max: 0",
        [(-7f64).exp(), (-4f64).exp(), (-1f64).exp()],
    );
    has_quantiles(
        "distribution: inv_log_uniform, min: 0, max: 8",
        [(-7f64).exp(), (-4f64).exp(), (-1f64).exp()],
    );
    has_quantiles(
        "distribution: inv_log_uniform_values, min: 0.01, max: 1",
        [10f64.powf(-1.75), 0.1, 10f64.powf(-0.25)],
    );
    has_quantiles("distribution: q_log_uniform_values, min: 1, max: 80, q: 16", [16.0, 32.0, 64.0]);
}

#[test]
fn normal_ones() {
    let eighth = 1.150_349_380_376_008;
    has_quantiles("distribution: normal, mu: 3, sigma: 2", [3.0 - 2.0 * eighth, 3.0, 3.0 + 2.0 * eighth]);
    has_quantiles("mu: 0", [-eighth, 0.0, eighth]);
    has_quantiles(
        "distribution: log_normal, mu: 1, sigma: 1",
        [(1.0 - eighth).exp(), 1f64.exp(), (1.0 + eighth).exp()],
    );
    has_quantiles("distribution: q_normal, mu: 0, sigma: 10, q: 5", [-10.0, 0.0, 10.0]);
}

#[test]
fn whole_numbers_are_written_as_such() {
    let domain = |spec: &str| {
        let sweep = sweep(&format!("method: random\nbudget: 1\nparameters: {{a: {{{spec}}}}}"));
        sweep.space.dimensions[0].domain.clone()
    };
    assert_eq!(domain("distribution: q_uniform, min: 0.5, max: 100, q: 64").at(0.9), "64");
    assert_eq!(domain("min: 1, max: 9, step: 4").texts().unwrap(), ["1", "5", "9"]);
    assert_eq!(domain("min: 1.0, max: 2, step: 0.5").texts().unwrap(), ["1.0", "1.5", "2.0"]);
    let Domain::Numbers(Numbers { whole, .. }) = domain("min: 1.0, max: 2.0") else { panic!("a range") };
    assert!(!whole);
}

/// The draws of a random sweep over `spec` for the setting `key`.
fn drawn(key: &str, spec: &str) -> Vec<String> {
    let file = format!("method: random\nbudget: 12\nparameters: {{{key}: {{{spec}}}}}");
    let start = format!("{key}=");
    about(&file).iter().map(|trial| trial.strip_prefix(&start).expect("it is named").to_owned()).collect()
}

fn is_whole(text: &str) -> bool {
    text.parse::<i64>().is_ok()
}

#[test]
fn a_real_setting_takes_reals_however_the_ends_are_written() {
    for spec in ["min: 1, max: 3", "min: 1, max: 3.0", "min: 1, max: 100, log: true", "min: 0, max: 1"] {
        let drawn = drawn("vicreg.base_lr", spec);
        assert_eq!(drawn.len(), 12, "{spec}");
        assert!(!drawn.iter().any(|text| is_whole(text)), "{spec}: {drawn:?}");
    }
    let nested = "method: random\nbudget: 9\nparameters: {vicreg: {parameters: {base_lr: {min: 0, max: 1}}}}";
    assert_eq!(about(nested).iter().filter(|trial| trial.starts_with("vicreg.base_lr=0.")).count(), 9);
    assert_eq!(drawn("vicreg.base_lr", "min: 1, max: 3, int: true").len(), 3);
    assert_eq!(drawn("vicreg.base_lr", "distribution: int_uniform, min: 1, max: 3").len(), 3);
    assert_eq!(drawn("dataset_noise", "min: 1, max: 9, step: 4").len(), 3);
}

#[test]
fn a_setting_of_whole_numbers_takes_whole_ones_of_every_distribution() {
    for spec in [
        "min: 2, max: 90",
        "min: 2.0, max: 90.0",
        "min: 2, max: 90, log: true",
        "distribution: uniform, min: 2, max: 90",
        "distribution: log_uniform_values, min: 2, max: 90",
        "distribution: log_uniform, min: 1, max: 9",
        "distribution: inv_log_uniform, min: -9, max: 1",
        "mu: 90, sigma: 10",
        "distribution: log_normal, mu: 5, sigma: 1",
    ] {
        let drawn = drawn("vicreg.epochs", spec);
        assert!(drawn.len() > 8 && drawn.iter().all(|text| is_whole(text)), "{spec}: {drawn:?}");
    }
    assert!(
        drawn("rssm.lr_decay_epoch", "min: 1, max: 60").iter().all(|text| is_whole(text)),
        "null by default"
    );
    assert_eq!(drawn("seed", "min: 1, max: 9, step: 4").len(), 3);
}
