//! Quantiles of the normal distribution.

use std::f64::consts::TAU;

/// The density of the standard normal distribution.
fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / TAU.sqrt()
}

/// `P(X <= x) - 1/2` of a standard normal X, by the series
/// `density(x) * sum of x^(2k + 1) / (1 * 3 * .. * (2k + 1))`.
fn above_half(x: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (x, 0.0, 1.0);
    while sum + term != sum {
        sum += term;
        odd += 2.0;
        term *= x * x / odd;
    }
    density(x) * sum
}

/// The x with `P(X <= x) = share` of a standard normal X, by Newton's method; `share` is inside
/// (0, 1).
pub fn normal_quantile(share: f64) -> f64 {
    let mut x = 0.0_f64;
    for _ in 0..60 {
        // A step of at most 1 keeps the method on its way in the tails.
        let step = ((above_half(x) - (share - 0.5)) / density(x)).clamp(-1.0, 1.0);
        x -= step;
        if step.abs() < 1e-15 * x.abs().max(1.0) {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        let table = [
            (0.5, 0.0),
            (0.75, 0.674_489_750_196_081_7),
            (0.975, 1.959_963_984_540_054),
            (0.05, -1.644_853_626_951_472_7),
            (0.999, 3.090_232_306_167_813),
        ];
        for (share, quantile) in table {
            let ours = normal_quantile(share);
            assert!((ours - quantile).abs() < 1e-13, "{share}: {ours} is not {quantile}");
        }
    }
}
