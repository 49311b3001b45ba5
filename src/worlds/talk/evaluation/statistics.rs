//! Intervals and tests of shares.

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a share of `right` in `count` (Wilson, *Probable Inference*, Journal of the
/// American Statistical Association 22, 1927).
pub fn wilson(right: usize, count: usize) -> (f64, f64) {
    let n = count.max(1) as f64;
    let share = right as f64 / n;
    let scale = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / scale;
    let reach = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - reach).max(0.0), (middle + reach).min(1.0))
}

/// The two-sided p of McNemar's exact test that two channels solve the same problems equally often.
pub fn mcnemar(first: &[bool], second: &[bool]) -> f64 {
    let pairs = first.iter().zip(second);
    let only_first = pairs.clone().filter(|(a, b)| **a && !**b).count();
    let only_second = pairs.filter(|(a, b)| !**a && **b).count();
    let (fewer, all) = (only_first.min(only_second), only_first + only_second);
    // Binomial coefficients over 2^n, each from the one before.
    let mut term = -(all as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for k in 0..=fewer {
        tail += term.exp();
        term += ((all - k) as f64 / (k + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        // The specification's table: 284 and 28 of 300.
        let close = |found: (f64, f64), low: f64, high: f64| {
            assert!((found.0 - low).abs() < 5e-4 && (found.1 - high).abs() < 5e-4, "{found:?}");
        };
        close(wilson(284, 300), 0.915, 0.967);
        close(wilson(28, 300), 0.065, 0.132);
        close(wilson(0, 10), 0.0, 0.2775);
        close(wilson(10, 10), 0.7225, 1.0);
    }

    #[test]
    fn the_test_counts_the_problems_that_one_channel_alone_solves() {
        let channel = |alone: usize, other: usize| {
            let first = [vec![true; alone], vec![false; other], vec![true; 5]].concat();
            let second = [vec![false; alone], vec![true; other], vec![true; 5]].concat();
            mcnemar(&first, &second)
        };
        assert_eq!(channel(0, 0), 1.0);
        // 2 (1 + 10) / 1024
        assert!((channel(9, 1) - 22.0 / 1024.0).abs() < 1e-12);
        assert!((channel(1, 9) - 22.0 / 1024.0).abs() < 1e-12);
        assert_eq!(channel(3, 3), 1.0);
        assert!(channel(600, 0) < 1e-100);
    }
}
