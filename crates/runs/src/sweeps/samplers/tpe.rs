//! The tree-structured Parzen estimator (Bergstra et al., *Algorithms for Hyper-Parameter
//! Optimization*, 2011).

use super::{
    super::{
        domain::{Choice, Domain},
        numbers::Numbers,
        point::{Point, PointHistory},
        space::{Dimension, Space},
        weights::weighted_index,
    },
    Random, Sampler,
    parzen::Parzen,
};
use crate::Goal;
use umwelt_base::random::{Rng, Stream};

/// The number of points that are first drawn from the prior.
const START_UP: usize = 10;
/// The number of draws from the density of good values; the most promising of them is proposed.
const CANDIDATES: usize = 24;
/// After this many duplicate proposals the sampler falls back to random search.
const PATIENCE: u64 = 100;

/// A sampler that draws each dimension where the density of good values exceeds that of bad ones.
///
/// Points without a score (failed, stopped early, still running) count as bad. A conditional
/// dimension learns from the points that have it.
pub struct Tpe<'a> {
    /// The sampler of the first points, and of later ones after too many duplicate proposals.
    pub random: Random<'a>,
    /// The direction of better scores.
    pub goal: Goal,
}

impl Sampler for Tpe<'_> {
    fn ask(&self, index: usize, histories: &[PointHistory<'_>]) -> Point {
        let ended = histories.iter().filter(|history| history.ended).count();
        if ended >= START_UP {
            let ranked = self.ranked(histories);
            let mut proposals = (0..PATIENCE).map(|attempt| self.propose(&ranked, index as u64, attempt));
            if let Some(point) = proposals.find(|point| self.is_new(point, histories)) {
                return point;
            }
        }
        // A random draw may repeat an earlier proposal.
        let mut draws = (index..).take(START_UP).map(|draw| self.random.ask(draw, histories));
        let new = draws.find(|point| self.is_new(point, histories)).or_else(|| self.unused(histories));
        new.unwrap_or_else(|| self.random.ask(index, histories))
    }
}

impl Tpe<'_> {
    fn space(&self) -> &Space {
        self.random.space
    }

    fn is_new(&self, point: &Point, histories: &[PointHistory<'_>]) -> bool {
        !self.space().excludes(point) && histories.iter().all(|history| history.point != point)
    }

    fn unused(&self, histories: &[PointHistory<'_>]) -> Option<Point> {
        self.random.points?.iter().find(|point| self.is_new(point, histories)).cloned()
    }

    /// All points, best first; those without a score last.
    fn ranked<'a>(&self, histories: &'a [PointHistory<'a>]) -> Vec<&'a PointHistory<'a>> {
        let mut ranked: Vec<&PointHistory<'_>> = histories.iter().collect();
        let loss =
            |history: &PointHistory<'_>| history.score.map_or(f64::INFINITY, |score| self.goal.loss(score));
        ranked.sort_by(|a, b| loss(a).total_cmp(&loss(b)));
        ranked
    }

    fn propose(&self, ranked: &[&PointHistory<'_>], index: u64, attempt: u64) -> Point {
        self.space().draw(|_, dimension| {
            let stream = Stream::new(self.random.seed, &format!("sweeps/tpe/{}", dimension.name));
            let (good, bad) = split(ranked, dimension);
            let mut rng = stream.at(&[index, attempt]);
            match &dimension.domain {
                Domain::Choices(choices) => choose(choices, &good, &bad, &mut rng),
                Domain::Numbers(numbers) => numbers.text(estimate(numbers, &good, &bad, &mut rng)),
            }
        })
    }
}

/// The values of a dimension at the good points, and those at the bad ones.
fn split<'a>(ranked: &[&'a PointHistory<'a>], dimension: &Dimension) -> (Vec<&'a str>, Vec<&'a str>) {
    let having: Vec<_> =
        ranked.iter().filter_map(|seen| Some((seen.point.get(&dimension.name)?, seen.score))).collect();
    let scored = having.iter().filter(|(_, score)| score.is_some()).count();
    let good = good_of(having.len()).min(scored);
    let values: Vec<&str> = having.into_iter().map(|(value, _)| value).collect();
    (values[..good].to_vec(), values[good..].to_vec())
}

/// The number of good points among `n`: a tenth, at most 25 (Optuna's choice).
fn good_of(n: usize) -> usize {
    n.div_ceil(10).min(25)
}

fn estimate(numbers: &Numbers, good: &[&str], bad: &[&str], rng: &mut Rng) -> f64 {
    let coordinates = |texts: &[&str]| -> Vec<f64> {
        texts.iter().filter_map(|text| text.parse().ok()).map(|value| numbers.coordinate(value)).collect()
    };
    let (good, bad) = (Parzen::new(numbers, &coordinates(good)), Parzen::new(numbers, &coordinates(bad)));
    let promise = |value: f64| match numbers.rounding(value) {
        Some((from, to)) => good.mass(from, to) / bad.mass(from, to),
        None => good.density(numbers.coordinate(value)) / bad.density(numbers.coordinate(value)),
    };
    let candidates = (0..CANDIDATES).map(|_| numbers.nearest(good.sample(rng)));
    let promising = candidates.map(|value| (promise(value), value)).max_by(|a, b| a.0.total_cmp(&b.0));
    promising.expect("there are candidates").1
}

fn choose(choices: &[Choice], good: &[&str], bad: &[&str], rng: &mut Rng) -> String {
    let (good, bad) = (shares(choices, good), shares(choices, bad));
    let mut draw = || weighted_index(good.iter().copied(), rng.uniform()).unwrap_or(good.len() - 1);
    let candidates = (0..CANDIDATES).map(|_| draw());
    let promising = candidates.max_by(|&a, &b| (good[a] / bad[a]).total_cmp(&(good[b] / bad[b])));
    choices[promising.expect("there are candidates")].text.clone()
}

/// The relative frequency of each choice in `seen`, with the prior as one more observation.
fn shares(choices: &[Choice], seen: &[&str]) -> Vec<f64> {
    let count = |choice: &Choice| seen.iter().filter(|text| **text == choice.text).count() as f64;
    choices.iter().map(|choice| (count(choice) + choice.share) / (seen.len() as f64 + 1.0)).collect()
}
