//! Who chooses the points: each a pure function of the space, the seed, the index and what is known.

mod parzen;
mod sobol;
mod tpe;

#[cfg(test)]
mod benchmark;

use std::collections::HashSet;

use super::{
    point::{Observed, Point},
    space::Space,
};
use crate::random::Stream;
pub use sobol::{MOST_DIMENSIONS, Sobol};
pub use tpe::Tpe;

/// Chooses points one by one.
pub trait Sampler {
    /// The point number `index`, given what is known about points that were asked for.
    ///
    /// # Panics
    /// A finite space may have fewer points.
    fn ask(&self, index: usize, told: &[Observed<'_>]) -> Point;
}

/// Every point, in order.
pub struct Grid<'a>(pub &'a [Point]);

impl Sampler for Grid<'_> {
    fn ask(&self, index: usize, _: &[Observed<'_>]) -> Point {
        self.0[index].clone()
    }
}

/// Independent draws from the prior.
pub struct Random<'a> {
    /// Where points come from.
    pub space: &'a Space,
    /// All points of the space, if they can be counted.
    pub points: Option<&'a [Point]>,
    /// What the draws are derived from.
    pub seed: u64,
}

impl Sampler for Random<'_> {
    fn ask(&self, index: usize, _: &[Observed<'_>]) -> Point {
        new_point(self.space, self.points, index, |draw| self.draw(draw))
    }
}

impl Random<'_> {
    /// A draw of its own for every number; each dimension has its own stream, so that a new one changes no other.
    fn draw(&self, draw: u64) -> Point {
        self.space.draw(|_, dimension| {
            let stream = Stream::new(self.seed, &format!("sweeps/random/{}", dimension.name));
            dimension.domain.at(stream.at(&[draw]).uniform())
        })
    }
}

/// So many draws in a row that bring nothing new are taken to mean that nearly nothing new is left.
const PATIENCE: usize = 1000;

/// The point number `index` of those that `draw` brings when points that are left out or came before are passed over.
fn new_point(space: &Space, points: Option<&[Point]>, index: usize, draw: impl Fn(u64) -> Point) -> Point {
    if space.is_endless() {
        return draw(index as u64);
    }
    let (mut seen, mut in_vain, mut next) = (HashSet::new(), 0, 0);
    while in_vain < PATIENCE {
        let point = draw(next);
        next += 1;
        in_vain += 1;
        if space.excludes(&point) || seen.contains(&point) {
            continue;
        }
        if seen.len() == index {
            return point;
        }
        seen.insert(point);
        in_vain = 0;
    }
    let left = points.and_then(|points| points.iter().filter(|p| !seen.contains(p)).nth(index - seen.len()));
    left.cloned().unwrap_or_else(|| draw(next))
}
