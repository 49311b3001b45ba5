//! Tree-structured Parzen estimator (Bergstra et al., *Algorithms for Hyper-Parameter Optimization*, 2011).

use super::{
    super::{
        domain::{Choice, Domain},
        numbers::Numbers,
        point::{Observed, Point},
        space::{Dimension, Space},
    },
    Random, Sampler,
    parzen::Parzen,
};
use crate::Goal;
use umwelt_base::random::{Rng, Stream};

/// So many points are drawn from the prior first.
const START_UP: usize = 10;
/// So many values are drawn from the good ones' density, of which the most promising is taken.
const CANDIDATES: usize = 24;
/// So many proposals that bring nothing new are taken to mean that chance must help.
const PATIENCE: u64 = 100;

/// Draws each dimension from the density of what was good, where that of what was bad is low.
///
/// Points without a score (broken, stopped early, still running) count as bad. A dimension that applies only
/// sometimes learns from the points that have it.
pub struct Tpe<'a> {
    /// Draws the first points, and later ones where proposals bring nothing new.
    pub random: Random<'a>,
    /// Which scores are good.
    pub goal: Goal,
}

impl Sampler for Tpe<'_> {
    fn ask(&self, index: usize, told: &[Observed<'_>]) -> Point {
        let ended = told.iter().filter(|observed| observed.ended).count();
        if ended >= START_UP {
            let ranked = self.ranked(told);
            let mut proposals = (0..PATIENCE).map(|attempt| self.propose(&ranked, index as u64, attempt));
            if let Some(point) = proposals.find(|point| self.is_new(point, told)) {
                return point;
            }
        }
        // Chance's own next point may have been proposed before.
        let mut draws = (index..).take(START_UP).map(|draw| self.random.ask(draw, told));
        let new = draws.find(|point| self.is_new(point, told)).or_else(|| self.unused(told));
        new.unwrap_or_else(|| self.random.ask(index, told))
    }
}

impl Tpe<'_> {
    fn space(&self) -> &Space {
        self.random.space
    }

    fn is_new(&self, point: &Point, told: &[Observed<'_>]) -> bool {
        !self.space().excludes(point) && told.iter().all(|observed| observed.point != point)
    }

    fn unused(&self, told: &[Observed<'_>]) -> Option<Point> {
        self.random.points?.iter().find(|point| self.is_new(point, told)).cloned()
    }

    /// All that is known, best first; what has no score comes last.
    fn ranked<'a>(&self, told: &'a [Observed<'a>]) -> Vec<&'a Observed<'a>> {
        let mut ranked: Vec<&Observed<'_>> = told.iter().collect();
        let loss =
            |observed: &Observed<'_>| observed.score.map_or(f64::INFINITY, |score| self.goal.loss(score));
        ranked.sort_by(|a, b| loss(a).total_cmp(&loss(b)));
        ranked
    }

    fn propose(&self, ranked: &[&Observed<'_>], index: u64, attempt: u64) -> Point {
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

/// The values of a dimension at the good points and at the bad ones.
fn split<'a>(ranked: &[&'a Observed<'a>], dimension: &Dimension) -> (Vec<&'a str>, Vec<&'a str>) {
    let having: Vec<_> =
        ranked.iter().filter_map(|seen| Some((seen.point.get(&dimension.name)?, seen.score))).collect();
    let scored = having.iter().filter(|(_, score)| score.is_some()).count();
    let good = good_of(having.len()).min(scored);
    let values: Vec<&str> = having.into_iter().map(|(value, _)| value).collect();
    (values[..good].to_vec(), values[good..].to_vec())
}

/// How many of `n` points count as good: a tenth, at most 25 (Optuna's choice).
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
    let candidates = (0..CANDIDATES).map(|_| draw(&good, rng));
    let promising = candidates.max_by(|&a, &b| (good[a] / bad[a]).total_cmp(&(good[b] / bad[b])));
    choices[promising.expect("there are candidates")].text.clone()
}

/// How often each choice was seen, the prior counting as one more time in all.
fn shares(choices: &[Choice], seen: &[&str]) -> Vec<f64> {
    let count = |choice: &Choice| seen.iter().filter(|text| **text == choice.text).count() as f64;
    choices.iter().map(|choice| (count(choice) + choice.share) / (seen.len() as f64 + 1.0)).collect()
}

fn draw(shares: &[f64], rng: &mut Rng) -> usize {
    let mut left = rng.uniform();
    let chosen = shares.iter().position(|share| {
        left -= share;
        left < 0.0
    });
    chosen.unwrap_or(shares.len() - 1)
}
