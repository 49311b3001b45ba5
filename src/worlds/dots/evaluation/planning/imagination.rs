//! Where a model believes that plans lead.

use tch::Tensor;

use super::problems::Problems;
use crate::nn::Mode;
use crate::worlds::dots::data::Normalisation;
use crate::worlds::dots::evaluation::probe::Probe;
use crate::worlds::dots::models::WorldModel;

/// A model that draws what it imagines draws the same for every plan of a problem.
const DRAW: u64 = 0;

/// A model's rollouts as a probe reads them.
pub struct Imagination<'a> {
    pub model: &'a dyn WorldModel,
    pub probe: &'a Probe,
    pub units: Normalisation,
}

impl Imagination<'_> {
    /// The imagined final positions of the first dot `[N, 2]` in pixels, under plans `[S, N, 2]` in pixels.
    pub fn ends(&self, problems: &Problems, plans: &Tensor) -> Tensor {
        let actions = Tensor::cat(&[&problems.taken, &(plans / self.units.action_unit)], 0);
        let imagined = self.model.rollout(&problems.seen, &actions, DRAW, Mode::Evaluate);
        let last = imagined.narrow(0, imagined.size()[0] - 1, 1);
        let positions = self.probe.forward(&last, Mode::Evaluate).get(0).select(1, 0);
        positions * self.units.location_unit + self.units.location_centre
    }

    /// The squared distances `[N]` of the imagined ends from the targets, in pixels^2.
    pub fn misses(&self, problems: &Problems, plans: &Tensor) -> Tensor {
        let apart = self.ends(problems, plans) - &problems.targets;
        apart.square().sum_dim_intlist([-1].as_slice(), false, apart.kind())
    }
}
