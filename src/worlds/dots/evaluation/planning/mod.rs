//! Planning: moving the dot to a target by plans optimised through the model and the probe.

mod cross_entropy;
mod gradient;
mod imagination;
mod outcome;
mod problems;
mod results;
mod solution;

use anyhow::Result;
use tch::{Tensor, no_grad};

use self::outcome::Outcome;
use super::probe::Probe;
use crate::runs::Progress;
use crate::worlds::dots::data::Dots;
use crate::worlds::dots::models::WorldModel;

pub use imagination::Imagination;
pub use outcome::Trip;
pub use problems::Problems;
pub use results::{PlannerScore, Planning};
pub use solution::{Planner, Solution, solve};

/// The number of problems in the figure.
const SHOWN: usize = 7;

/// The scores of planning, with examples for the figure.
pub struct Planned {
    pub planning: Planning,
    pub trips: Vec<ShownProblem>,
}

/// A problem with the executed plans of two planners; positions are (x, y) in pixels.
pub struct ShownProblem {
    /// The last burn-in frame, channels summed.
    pub pixels: Vec<f32>,
    pub target: [f32; 2],
    pub cross_entropy: Trip,
    pub gradient: Trip,
}

/// Solves `problems` through `model` and `probe` by each planner, and executes the plans in
/// `world`.
///
/// # Errors
/// [`crate::training::Interrupted`] when `progress` asks for it.
pub fn plan(
    world: &Dots,
    model: &dyn WorldModel,
    probe: &Probe,
    problems: &Problems,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Planned> {
    let imagination = Imagination { model, probe, units: *world.normalisation() };
    let outcome = |plans: &Tensor| Outcome::new(world, problems, plans);
    let descended = gradient::plans(&imagination, problems, progress)?;
    let sampled = cross_entropy::plans(&imagination, problems, seed, progress)?;
    let (gradient, cem) = (outcome(&descended)?, outcome(&sampled)?);
    let believed = |plans: &Tensor| no_grad(|| imagination.misses(problems, plans));
    let planning = Planning {
        problems: problems.count(),
        cem: cem.score().believing(&believed(&sampled))?,
        gradient: gradient.score().believing(&believed(&descended))?,
        random: outcome(&problems.random_plans)?.score(),
        oracle: outcome(&problems.straight())?.score(),
    };
    let shown = |n: usize| {
        Ok(ShownProblem {
            pixels: problems.image(n)?,
            target: cem.targets[n],
            cross_entropy: cem.trips[n].clone(),
            gradient: gradient.trips[n].clone(),
        })
    };
    let trips = (0..SHOWN.min(problems.count())).map(shown).collect::<Result<_>>()?;
    Ok(Planned { planning, trips })
}

#[cfg(test)]
mod tests;
