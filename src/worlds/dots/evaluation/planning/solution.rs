//! One problem solved by one planner, with the whole paths.

use anyhow::Result;
use serde::Deserialize;
use tch::no_grad;

use super::imagination::Imagination;
use super::outcome::{Trip, pairs};
use super::problems::Problems;
use super::{cross_entropy, gradient};
use crate::runs::Progress;
use crate::worlds::dots::data::Dots;

/// A planner that uses the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Planner {
    /// The cross-entropy method.
    Sampling,
    /// Gradient descent.
    Gradient,
}

/// The paths of the first dot under a plan, before every step and after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The path that the model predicts.
    pub believed: Trip,
    /// The path in the true world.
    pub trip: Trip,
}

/// The plan of `planner` for a single problem, as the model predicts it and as it turns out.
///
/// # Errors
/// [`crate::training::Interrupted`] when `progress` asks for it.
pub fn solve(
    world: &Dots,
    imagination: &Imagination,
    problem: &Problems,
    planner: Planner,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Solution> {
    let plan = match planner {
        Planner::Sampling => cross_entropy::plans(imagination, problem, seed, progress)?,
        Planner::Gradient => gradient::plans(imagination, problem, progress)?,
    };
    let believed = no_grad(|| imagination.path(problem, &plan)).select(1, 0);
    let (start, steps) = (pairs(&problem.starts)?[0], pairs(&plan.select(1, 0))?);
    Ok(Solution { believed: Trip(pairs(&believed)?), trip: Trip(world.follow(start, steps)) })
}
