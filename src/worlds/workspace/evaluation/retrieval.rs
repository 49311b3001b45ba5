//! Retrieval: the state of an item in one domain is looked for among states of another.

use serde::Serialize;
use tch::{Kind, Tensor};

use super::attributes::median;

/// The ranks of the true item among all candidates, by cosine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Retrieval {
    /// Items among the first 1, 5 and 10 candidates, in percent.
    pub r1: f64,
    pub r5: f64,
    pub r10: f64,
    /// The median rank, from 1.
    pub median_rank: f64,
}

impl Retrieval {
    /// The retrieval of `candidates` `[N, z]` by `queries` `[N, z]`; row i of both is item i. A
    /// candidate as near as the true one counts as nearer.
    pub fn new(queries: &Tensor, candidates: &Tensor) -> Self {
        let similarity = unit(queries).matmul(&unit(candidates).tr());
        let own = similarity.diag(0).unsqueeze(1);
        let ranks = similarity.ge_tensor(&own).sum_dim_intlist([1].as_slice(), false, Kind::Double);
        let ranks = Vec::<f64>::try_from(ranks).expect("one rank for each query");
        let within = |limit: f64| {
            100.0 * ranks.iter().filter(|rank| **rank <= limit).count() as f64 / ranks.len() as f64
        };
        let (r1, r5, r10) = (within(1.0), within(5.0), within(10.0));
        Self { r1, r5, r10, median_rank: median(ranks) }
    }
}

/// The rows of `states` `[N, z]` at length 1; a row of zeros stays.
fn unit(states: &Tensor) -> Tensor {
    let norms = states.square().sum_dim_intlist([1].as_slice(), true, Kind::Float).sqrt();
    states / norms.clamp_min(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_candidates_that_are_as_near_as_the_true_one() {
        let queries = Tensor::from_slice2(&[[2f32, 0.0], [0.0, 1.0], [1.0, 1.0]]);
        // The first query is nearest to its own candidate, the second one third.
        let candidates = Tensor::from_slice2(&[[1f32, 0.0], [1.0, -0.1], [0.5, 0.5]]);
        let found = Retrieval::new(&queries, &candidates);
        assert!((found.r1 - 200.0 / 3.0).abs() < 1e-9, "{found:?}");
        assert_eq!((found.r5, found.median_rank), (100.0, 1.0));
        let same = Tensor::ones([4, 2], (Kind::Float, tch::Device::Cpu));
        assert_eq!(Retrieval::new(&same, &same).median_rank, 4.0, "collapsed states find nothing");
    }
}
