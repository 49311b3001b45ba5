//! PED-ANOVA: the settings whose distribution differs most between the best runs and all runs.
//!
//! Watanabe, Bansal and Hutter, *PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
//! Arbitrary Subspaces* (IJCAI 2023): densities of a setting on a grid, estimated from the best
//! tenth and from all runs, and their Pearson divergence. Bandwidths follow Scott's rule.

use serde_json::Value;
use umwelt_runs::sweeps::gauss::normal_cdf;

use super::{Importance, Scored};

/// The part of the runs that are the best.
const BEST: f64 = 0.1;
/// The grid points of a setting with numbers.
const GRID: usize = 50;
/// The weight of a flat prior, in runs.
const PRIOR: f64 = 1.0;
/// The least bandwidth, in grid steps: 90 % of a kernel then lie within its own step.
const LEAST_WIDTH: f64 = 0.5 / 1.64;
/// The ratio of positive values from which a setting counts as logarithmic.
const WIDE: f64 = 100.0;
/// The least density, which keeps quotients finite.
const LEAST_DENSITY: f64 = 1e-12;

/// The share of each setting in the sum of the Pearson divergences. All 0 with fewer than two runs.
pub fn ped_anova(keys: &[String], runs: &[Scored]) -> Vec<Importance> {
    let divergences: Vec<f64> = (0..keys.len()).map(|place| divergence(runs, place)).collect();
    let total: f64 = divergences.iter().sum();
    let share = |divergence: f64| if total > 0.0 { divergence / total } else { 0.0 };
    let importance = |(key, divergence): (&String, f64)| Importance {
        key: key.clone(),
        share: share(divergence),
        n: runs.len(),
    };
    keys.iter().zip(divergences).map(importance).collect()
}

/// The divergence of the best runs from all runs in the setting `place`.
fn divergence(runs: &[Scored], place: usize) -> f64 {
    if runs.len() < 2 {
        return 0.0;
    }
    let axis = Axis::of(runs, place);
    let worst_of_best = worst_of_best(runs);
    let counts = |runs: &mut dyn Iterator<Item = &Scored>| {
        let mut counts = vec![0.0; axis.len()];
        runs.for_each(|run| counts[axis.place(&run.values[place])] += 1.0);
        counts
    };
    let all = axis.density(&counts(&mut runs.iter()));
    let best = axis.density(&counts(&mut runs.iter().filter(|run| run.loss <= worst_of_best)));
    all.iter().zip(&best).map(|(all, best)| all * (best / all - 1.0).powi(2)).sum()
}

fn worst_of_best(runs: &[Scored]) -> f64 {
    let mut losses: Vec<f64> = runs.iter().map(|run| run.loss).collect();
    losses.sort_by(f64::total_cmp);
    losses[(BEST * losses.len() as f64).ceil() as usize - 1]
}

/// The grid of a setting.
enum Axis {
    /// The choices of a setting without numbers.
    Choices(Vec<String>),
    /// The ends of the range of numbers, as logarithms if `log`.
    Numbers { low: f64, high: f64, log: bool },
}

impl Axis {
    /// The axis over the values of `runs`: the sweep's own range is not known here.
    fn of(runs: &[Scored], place: usize) -> Self {
        let values = || runs.iter().map(|run| &run.values[place]);
        let numbers: Option<Vec<f64>> = values().map(Value::as_f64).collect();
        let Some(numbers) = numbers else {
            let mut choices: Vec<String> = values().map(Value::to_string).collect();
            choices.sort();
            choices.dedup();
            return Self::Choices(choices);
        };
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log = low > 0.0 && high / low >= WIDE;
        if log {
            Self::Numbers { low: low.ln(), high: high.ln(), log }
        } else {
            Self::Numbers { low, high, log }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Choices(choices) => choices.len(),
            Self::Numbers { .. } => GRID,
        }
    }

    /// The grid point of a value; a value half way between two goes to the lower one.
    fn place(&self, value: &Value) -> usize {
        match self {
            Self::Choices(choices) => choices.binary_search(&value.to_string()).unwrap_or(0),
            Self::Numbers { low, high, log } => {
                let number = value.as_f64().unwrap_or(*low);
                let number = if *log { number.ln() } else { number };
                let step = (high - low) / (GRID - 1) as f64;
                let place = if step > 0.0 { ((number - low) / step - 0.5).ceil() } else { 0.0 };
                (place.max(0.0) as usize).min(GRID - 1)
            }
        }
    }

    /// The density at each grid point of runs with these `counts`.
    fn density(&self, counts: &[f64]) -> Vec<f64> {
        let density = match self {
            Self::Choices(_) => choice_density(counts),
            Self::Numbers { .. } => number_density(counts),
        };
        density.into_iter().map(|density| density + LEAST_DENSITY).collect()
    }
}

/// A kernel for each choice that occurs, smoothed by the prior, and a flat one.
fn choice_density(counts: &[f64]) -> Vec<f64> {
    let kernels = counts.iter().filter(|count| **count > 0.0).count() as f64 + 1.0;
    let total = counts.iter().sum::<f64>() + PRIOR;
    let (spread, choices) = (PRIOR / kernels, counts.len() as f64);
    let row = 1.0 + choices * spread;
    let kernel = |choice: usize, other: usize| (spread + f64::from(u8::from(choice == other))) / row;
    let density = |choice: usize| {
        let seen: f64 = counts.iter().enumerate().map(|(other, count)| count * kernel(choice, other)).sum();
        (seen + PRIOR / choices) / total
    };
    (0..counts.len()).map(density).collect()
}

/// A discrete normal kernel, truncated to the grid, at each point that occurs, and a wide one.
fn number_density(counts: &[f64]) -> Vec<f64> {
    let total = counts.iter().sum::<f64>();
    let last = counts.len() as f64 - 1.0;
    let width = bandwidth(counts);
    let kernel = |at: f64, centre: f64, width: f64| {
        let mass =
            |from: f64, to: f64| normal_cdf((to - centre) / width) - normal_cdf((from - centre) / width);
        mass(at - 0.5, at + 0.5) / mass(-0.5, last + 0.5)
    };
    let density = |at: usize| {
        let seen = counts.iter().enumerate().filter(|(_, count)| **count > 0.0);
        let seen: f64 = seen.map(|(centre, count)| count * kernel(at as f64, centre as f64, width)).sum();
        (seen + PRIOR * kernel(at as f64, 0.5 * last, last + 1.0)) / (total + PRIOR)
    };
    (0..counts.len()).map(density).collect()
}

/// Scott's bandwidth in grid steps.
fn bandwidth(counts: &[f64]) -> f64 {
    let total = counts.iter().sum::<f64>();
    let seen: Vec<(f64, f64)> =
        counts.iter().enumerate().filter(|(_, count)| **count > 0.0).map(|(at, n)| (at as f64, *n)).collect();
    let mean = seen.iter().map(|(at, n)| at * n).sum::<f64>() / total;
    let squares: f64 = seen.iter().map(|(at, n)| n * (at - mean).powi(2)).sum();
    let deviation = (squares / (total - 1.0).max(1.0)).sqrt();
    let cumulated: Vec<f64> = (1..=seen.len()).map(|end| seen[..end].iter().map(|(_, n)| n).sum()).collect();
    let lower = cumulated.partition_point(|sum| *sum < (total / 4.0).floor());
    let upper = cumulated.partition_point(|sum| *sum <= (total * 3.0 / 4.0).floor()).min(seen.len() - 1);
    let range = seen[upper].0 - seen[lower].0;
    (1.059 * deviation.min(range / 1.34) * total.powf(-0.2)).max(LEAST_WIDTH)
}

#[cfg(test)]
mod tests;
