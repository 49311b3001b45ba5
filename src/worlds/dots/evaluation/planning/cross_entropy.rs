//! Planning by sampling: the cross-entropy method (Rubinstein and Kroese 2004) over the steps of a
//! plan.

use anyhow::Result;
use tch::{Kind, Tensor, no_grad};

use super::gradient::Best;
use super::imagination::Imagination;
use super::problems::{Problems, within_reach};
use crate::runs::Progress;
use crate::worlds::dots::data::MAX_STEP;
use umwelt_base::random::Stream;

const ITERATIONS: u64 = 10;
/// Sampled plans for each problem in one iteration; the current mean is one of them.
const SAMPLES: i64 = 128;
const ELITES: i64 = 16;
/// The factor on the standard deviation in each iteration. The end of a plan depends on the sum of
/// its steps, so single steps of the best plans vary almost as much as those of all plans, and the
/// deviation would hardly shrink by itself.
const SHRINKAGE: f64 = 0.7;
/// Plans rolled out at once; this many fit the processor's cache.
const ROWS: i64 = 2048;

/// The best sampled plans `[S, N, 2]`, in pixels. All problems use the same random numbers.
///
/// # Errors
/// [`crate::training::Interrupted`] when `progress` asks for it.
pub fn plans(
    imagination: &Imagination,
    problems: &Problems,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Tensor> {
    let (count, chunk) = (problems.count() as i64, ROWS / SAMPLES);
    let chunks = (count + chunk - 1) / chunk;
    let draws = draws(problems.steps(), seed).to_device(problems.starts.device());
    let solve = |index: i64| {
        let part = problems.narrow(index * chunk, chunk.min(count - index * chunk));
        let mut search = Search::new(&part);
        for (iteration, draws) in (0..).zip(draws.unbind(0)) {
            progress.update(
                "planning by sampling",
                index as u64 * ITERATIONS + iteration,
                chunks as u64 * ITERATIONS,
            )?;
            no_grad(|| search.refine(imagination, &part, &draws));
        }
        Ok(search.best.plans)
    };
    Ok(Tensor::cat(&(0..chunks).map(solve).collect::<Result<Vec<_>>>()?, 1))
}

/// Standard normal numbers `[iterations, samples, S, 1, 2]`; the first sample is 0, which gives the
/// mean.
fn draws(steps: i64, seed: u64) -> Tensor {
    let stream = Stream::new(seed, "planning by sampling");
    let sample = |iteration: u64, sample: u64| {
        let mut rng = stream.at(&[iteration, sample]);
        let scale = if sample == 0 { 0.0 } else { 1.0 };
        (0..2 * steps).map(move |_| (scale * rng.normal()) as f32)
    };
    let iteration = |index| (0..SAMPLES as u64).flat_map(move |number| sample(index, number));
    let values: Vec<f32> = (0..ITERATIONS).flat_map(iteration).collect();
    Tensor::from_slice(&values).view([ITERATIONS as i64, SAMPLES, steps, 1, 2])
}

/// The sampling distribution of plans: mean and standard deviation of every step, `[S, N, 2]` in
/// pixels.
struct Search {
    mean: Tensor,
    deviation: Tensor,
    best: Best,
}

impl Search {
    /// The initial distribution: mean 0, and the standard deviation of the data's steps.
    fn new(problems: &Problems) -> Self {
        let mean = problems.random_plans.zeros_like();
        // The standard deviation of a coordinate of a step of uniform length up to MAX_STEP.
        let deviation = mean.full_like(MAX_STEP / 6f64.sqrt());
        Self { mean, deviation, best: Best::new(problems) }
    }

    /// Samples plans and fits mean and standard deviation to the best of them.
    fn refine(&mut self, imagination: &Imagination, problems: &Problems, draws: &Tensor) {
        let sampled = within_reach(&(&self.mean + &self.deviation * draws)); // [M, S, N, 2]
        let [samples, steps, count, _] = sampled.size()[..] else {
            unreachable!("plans have four dimensions")
        };
        // Rows, problem by problem: [S, N * M, 2].
        let rows = sampled.permute([1, 2, 0, 3]).reshape([steps, count * samples, 2]);
        let misses = imagination.misses(&problems.repeated(samples), &rows).view([count, samples]);
        let (smallest, order) = misses.topk(ELITES, 1, false, true); // [N, E]
        let index =
            order.transpose(0, 1).reshape([ELITES, 1, count, 1]).expand([ELITES, steps, count, 2], false);
        let elites = sampled.gather(0, &index, false);
        self.best.update(&elites.get(0), &smallest.select(1, 0));
        self.mean = elites.mean_dim([0].as_slice(), false, Kind::Float);
        self.deviation = elites.std_dim([0].as_slice(), true, false) * SHRINKAGE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_normal_the_same_each_time_and_start_with_the_mean() {
        let drawn = draws(16, 3);
        assert_eq!(drawn, draws(16, 3));
        assert_ne!(drawn, draws(16, 4));
        assert_eq!(drawn.select(1, 0).abs().max().double_value(&[]), 0.0);
        let rest = drawn.narrow(1, 1, SAMPLES - 1);
        assert!(rest.mean(Kind::Double).double_value(&[]).abs() < 0.02);
        assert!((rest.std(true).double_value(&[]) - 1.0).abs() < 0.02);
    }
}
