//! W&B's distributions, each against its definition.

use super::sweep;
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
