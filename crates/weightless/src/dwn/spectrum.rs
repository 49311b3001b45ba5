//! The Walsh-Hadamard spectrum of a table, and the penalty of rough tables.

/// The coefficients of a table `[2^n]`: `2^-n * sum over k of (-1)^popcount(s & k) table[k]`.
pub fn spectrum(table: &[f32]) -> Vec<f32> {
    let mut values = table.to_vec();
    let mut half = 1;
    while half < values.len() {
        for block in values.chunks_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high) {
                (*low, *high) = (*low + *high, *low - *high);
            }
        }
        half *= 2;
    }
    let count = values.len() as f32;
    values.iter_mut().for_each(|value| *value /= count);
    values
}

/// Adds the gradient of `weight * sum over s of order(s) * coefficient(s)^2`; the order of a
/// coefficient is the number of inputs that it joins, so that the constant one is free.
pub fn add_penalty_gradient(table: &[f32], weight: f32, gradient: &mut [f32]) {
    let mut weighted = spectrum(table);
    weighted.iter_mut().enumerate().for_each(|(s, value)| *value *= s.count_ones() as f32);
    // The transform is its own inverse but for the factor.
    for (sum, value) in gradient.iter_mut().zip(spectrum(&weighted)) {
        *sum += 2.0 * weight * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn penalty(table: &[f32]) -> f64 {
        let squares = spectrum(table).into_iter().enumerate();
        squares.map(|(s, value)| f64::from(s.count_ones()) * f64::from(value).powi(2)).sum()
    }

    #[test]
    fn the_penalty_gradient_is_a_difference_quotient() {
        let table: Vec<f32> = (0..16).map(|k| (k as f32 * 1.3).sin()).collect();
        let mut gradient = vec![0.0; 16];
        add_penalty_gradient(&table, 0.5, &mut gradient);
        for k in 0..16 {
            let moved = |by: f32| {
                let mut moved = table.clone();
                moved[k] += by;
                0.5 * penalty(&moved)
            };
            let quotient = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((quotient - f64::from(gradient[k])).abs() < 1e-4, "{k}: {quotient} {}", gradient[k]);
        }
        assert_eq!(penalty(&[0.7; 16]), 0.0);
    }
}
