//! The normal distribution.

use std::f64::consts::TAU;

/// The standard normal density.
pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / TAU.sqrt()
}

/// The standard normal cumulative distribution function: Marsaglia's series (*Evaluating the Normal
/// Distribution*, 2004) in the middle, Laplace's continued fraction in the tails.
pub fn normal_cdf(x: f64) -> f64 {
    if x.abs() < 5.0 {
        return 0.5 + normal_density(x) * series(x);
    }
    let tail = normal_density(x) / (1..=40).rev().fold(x.abs(), |rest, k| x.abs() + f64::from(k) / rest);
    if x < 0.0 { tail } else { 1.0 - tail }
}

fn series(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    let mut odd = 3.0;
    while term.abs() > 1e-17 * sum.abs() {
        term *= x * x / odd;
        sum += term;
        odd += 2.0;
    }
    sum
}

/// The bound on the absolute value of a quantile.
pub const REACH: f64 = 9.0;

/// The inverse of [`normal_cdf`], by bisection within [`REACH`].
pub fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-REACH, REACH);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabled_values_are_met() {
        let table = [(0.0, 0.5), (1.0, 0.841_344_746_068_542_9), (-1.96, 0.024_997_895_148_220_43)];
        for (x, p) in table {
            assert!((normal_cdf(x) - p).abs() < 1e-14, "{x}");
            assert!((normal_quantile(p) - x).abs() < 1e-12, "{x}");
        }
        let tail = 9.865_876_450_376_98e-10;
        assert!((normal_cdf(-6.0) / tail - 1.0).abs() < 1e-12);
        assert!((normal_cdf(-5.0001) / normal_cdf(-4.9999) - 1.0).abs() < 0.0011);
    }
}
