//! Planning by sampling: the cross-entropy method (Rubinstein and Kroese 2004) on every step of a plan.

use anyhow::Result;
use tch::{Kind, Tensor, no_grad};

use super::gradient::Best;
use super::imagination::Imagination;
use super::problems::{Problems, within_reach};
use crate::runs::Progress;
use crate::worlds::dots::data::MAX_STEP;
use umwelt_base::random::Stream;

const ITERATIONS: u64 = 10;
/// Plans tried for each problem in an iteration, the current mean among them.
const SAMPLES: i64 = 128;
const ELITES: i64 = 16;
/// The end of a plan depends on the sum of its steps, so that the best plans differ almost as much from each other in
/// each step as all do: the spread is shrunk by hand.
const SHRINKAGE: f64 = 0.7;
/// Plans imagined at once: what fits the processor's cache.
const ROWS: i64 = 2048;

/// The best plans `[S, N, 2]` in pixels that were tried. All problems are tried with the same random numbers.
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

/// Standard normal numbers `[iterations, samples, S, 1, 2]`; the first sample is 0, which tries the mean.
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

/// Where good plans are believed to lie, mean and standard deviation of every step `[S, N, 2]`.
struct Search {
    mean: Tensor,
    deviation: Tensor,
    best: Best,
}

impl Search {
    /// Before anything was tried: steps in all directions, as long as the data's.
    fn new(problems: &Problems) -> Self {
        let mean = problems.habits.zeros_like();
        // Of a coordinate, where lengths are uniform up to the longest.
        let deviation = mean.full_like(MAX_STEP / 6f64.sqrt());
        Self { mean, deviation, best: Best::new(problems) }
    }

    /// Tries plans around the mean, and takes mean and deviation from the best of them.
    fn refine(&mut self, imagination: &Imagination, problems: &Problems, draws: &Tensor) {
        let tried = within_reach(&(&self.mean + &self.deviation * draws)); // [M, S, N, 2]
        let [samples, steps, count, _] = tried.size()[..] else { unreachable!("plans have four dimensions") };
        // Rows problem by problem: [S, N * M, 2].
        let rows = tried.permute([1, 2, 0, 3]).reshape([steps, count * samples, 2]);
        let misses = imagination.misses(&problems.repeated(samples), &rows).view([count, samples]);
        let (fewest, order) = misses.topk(ELITES, 1, false, true); // [N, E]
        let index =
            order.transpose(0, 1).reshape([ELITES, 1, count, 1]).expand([ELITES, steps, count, 2], false);
        let elites = tried.gather(0, &index, false);
        self.best.see(&elites.get(0), &fewest.select(1, 0));
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
