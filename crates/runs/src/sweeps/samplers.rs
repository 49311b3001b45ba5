//! Samplers: pure functions from space, seed, index and earlier results to points.

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

/// A sampler of points.
pub trait Sampler {
    /// The point number `index`, given the histories of earlier points.
    ///
    /// # Panics
    /// If a finite space has fewer points.
    fn ask(&self, index: usize, histories: &[PointHistory<'_>]) -> Point;
}

/// All points, in order.
pub struct Grid<'a>(pub &'a [Point]);

impl Sampler for Grid<'_> {
    fn ask(&self, index: usize, _: &[PointHistory<'_>]) -> Point {
        self.0[index].clone()
    }
}

/// Independent draws from the prior.
pub struct Random<'a> {
    /// The search space.
    pub space: &'a Space,
    /// All points of the space, or `None` if they are too many or uncountable.
    pub points: Option<&'a [Point]>,
    /// The seed of the draws.
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
    /// The draw of a number. Each dimension has its own stream, so a new dimension changes no
    /// other's draws.
    fn draw(&self, draw: u64) -> Point {
        self.space.draw(|_, dimension| {
            let stream = Stream::new(self.seed, &format!("sweeps/random/{}", dimension.name));
            dimension.domain.at(stream.at(&[draw]).uniform())
        })
    }
}
