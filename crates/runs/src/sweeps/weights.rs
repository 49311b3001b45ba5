//! Draws from a discrete distribution.

/// The index at which the cumulative sum of `weights` exceeds `u`: inverse-CDF sampling for a
/// uniform `u` in [0, 1). `None` if rounding leaves the whole sum at or below `u`.
pub(super) fn weighted_index(weights: impl IntoIterator<Item = f64>, u: f64) -> Option<usize> {
    let mut left = u;
    weights.into_iter().position(|weight| {
        left -= weight;
        left < 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_is_drawn_in_its_interval_of_the_cumulative_sum() {
        let index = |u| weighted_index([0.25, 0.5, 0.25], u);
        assert_eq!([0.0, 0.24, 0.25, 0.74, 0.75, 0.99].map(index), [0, 0, 1, 1, 2, 2].map(Some));
        assert_eq!(index(1.0), None);
        assert_eq!(weighted_index([], 0.0), None);
    }
}
