//! Nearest neighbours, for the baseline that answers with the most similar matched item.

use tch::{Kind, Tensor};

/// Queries in one product.
const QUERIES: i64 = 500;

/// The index of the row of `known` `[M, w]` that is nearest to each row of `queries` `[N, w]`, by
/// squared distance: `[N]`, int64.
pub fn nearest(known: &Tensor, queries: &Tensor) -> Tensor {
    let norms = known.square().sum_dim_intlist([1].as_slice(), false, Kind::Float);
    let of_some = |queries: Tensor| (&norms - queries.matmul(&known.tr()) * 2.0).argmin(1, false);
    Tensor::cat(&queries.split(QUERIES, 0).into_iter().map(of_some).collect::<Vec<_>>(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_row_is_found_in_every_block_of_queries() {
        let known = Tensor::from_slice2(&[[0f32, 0.0], [3.0, 4.0], [-3.0, 0.5]]);
        let truth: Vec<i64> = (0..1200).map(|i| i % 3).collect();
        let queries = known.index_select(0, &Tensor::from_slice(&truth)) + 0.4;
        assert_eq!(Vec::<i64>::try_from(nearest(&known, &queries)).unwrap(), truth);
    }
}
