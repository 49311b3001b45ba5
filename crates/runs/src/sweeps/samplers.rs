//! Who chooses the points: each a pure function of the space, the seed, the index and what is known.

mod drawn;
mod parzen;
mod sobol;
mod tpe;

#[cfg(test)]
mod benchmark;

use super::{
    point::{Point, PointHistory},
    space::Space,
};
pub use drawn::Drawn;
pub use sobol::{MOST_DIMENSIONS, Sobol};
pub use tpe::Tpe;
use umwelt_base::random::Stream;

/// Chooses points one by one.
pub trait Sampler {
    /// The point number `index`, given what is known about points that were asked for.
    ///
    /// # Panics
    /// A finite space may have fewer points.
    fn ask(&self, index: usize, histories: &[PointHistory<'_>]) -> Point;
}

/// Every point, in order.
pub struct Grid<'a>(pub &'a [Point]);

impl Sampler for Grid<'_> {
    fn ask(&self, index: usize, _: &[PointHistory<'_>]) -> Point {
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
    /// The draws so far.
    pub drawn: &'a Drawn,
}

impl Sampler for Random<'_> {
    fn ask(&self, index: usize, _: &[PointHistory<'_>]) -> Point {
        self.drawn.point(self.space, self.points, index, |draw| self.draw(draw))
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
