//! Plans executed in the true world.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

use super::problems::Problems;
use super::results::PlannerScore;
use crate::worlds::dots::data::Dots;

/// Executed plans; positions are (x, y) in pixels.
pub struct Outcome {
    pub trips: Vec<Trip>,
    pub targets: Vec<[f32; 2]>,
}

/// The positions of the dot before every step of a plan and at its end, (x, y) in pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip(pub Vec<[f32; 2]>);

impl Trip {
    /// The final position.
    pub fn reached(&self) -> [f32; 2] {
        *self.0.last().expect("a trip has a start")
    }
}

impl Outcome {
    /// Executes plans `[S, N, 2]` in pixels.
    pub fn new(world: &Dots, problems: &Problems, plans: &Tensor) -> Result<Self> {
        let (starts, targets) = (pairs(&problems.starts)?, pairs(&problems.targets)?);
        let plans = plans.unbind(1).into_iter().map(|plan| pairs(&plan)).collect::<Result<Vec<_>>>()?;
        let trips = starts.into_iter().zip(plans).map(|(start, plan)| Trip(world.follow(start, plan)));
        Ok(Self { trips: trips.collect(), targets })
    }

    /// The score of the final positions.
    pub fn score(&self) -> PlannerScore {
        let miss = |(trip, target): (&Trip, &[f32; 2])| {
            let [x, y] = trip.reached();
            f64::from(x - target[0]).powi(2) + f64::from(y - target[1]).powi(2)
        };
        PlannerScore::of(&self.trips.iter().zip(&self.targets).map(miss).collect::<Vec<_>>())
    }
}

/// positions `[N, 2]` -> a vector of (x, y)
pub fn pairs(positions: &Tensor) -> Result<Vec<[f32; 2]>> {
    let values = Vec::<f32>::try_from(positions.to_kind(Kind::Float).to_device(Device::Cpu).flatten(0, -1))?;
    Ok(values.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}
