//! The positions that a model and a probe predict under plans.

use tch::Tensor;

use super::problems::Problems;
use crate::nn::Mode;
use crate::worlds::dots::data::Normalisation;
use crate::worlds::dots::evaluation::probe::Probe;
use crate::worlds::dots::models::WorldModel;

/// The draw of stochastic models: the same for all plans.
const DRAW: u64 = 0;

/// Rollouts of a model, with positions read by a probe.
pub struct Imagination<'a> {
    pub model: &'a dyn WorldModel,
    pub probe: &'a Probe,
    pub units: Normalisation,
}

impl Imagination<'_> {
    /// The predicted final positions of the first dot `[N, 2]` under plans `[S, N, 2]`, both in
    /// pixels.
    pub fn ends(&self, problems: &Problems, plans: &Tensor) -> Tensor {
        let actions = Tensor::cat(&[&problems.taken, &(plans / self.units.action_unit)], 0);
        let imagined = self.model.rollout(&problems.seen, &actions, DRAW, Mode::Evaluate);
        let last = imagined.narrow(0, imagined.size()[0] - 1, 1);
        let positions = self.probe.forward(&last, Mode::Evaluate).get(0).select(1, 0);
        positions * self.units.location_unit + self.units.location_centre
    }

    /// The squared distances `[N]` of the predicted final positions from the targets, in pixels^2.
    pub fn misses(&self, problems: &Problems, plans: &Tensor) -> Tensor {
        let apart = self.ends(problems, plans) - &problems.targets;
        apart.square().sum_dim_intlist([-1].as_slice(), false, apart.kind())
    }
}
