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
        let imagined = self.rollout(problems, plans);
        self.positions(&imagined.narrow(0, imagined.size()[0] - 1, 1)).get(0)
    }

    /// The predicted positions of the first dot `[S+1, N, 2]` before every step of plans `[S, N, 2]`
    /// and after the last, both in pixels. The first is read from the last burn-in frame.
    pub fn path(&self, problems: &Problems, plans: &Tensor) -> Tensor {
        let seen = problems.seen.narrow(0, problems.seen.size()[0] - 1, 1);
        self.positions(&Tensor::cat(&[seen, self.rollout(problems, plans)], 0))
    }

    /// The predicted encodings `[S, N, D]` under plans `[S, N, 2]` in pixels.
    fn rollout(&self, problems: &Problems, plans: &Tensor) -> Tensor {
        let actions = Tensor::cat(&[&problems.taken, &(plans / self.units.action_unit)], 0);
        self.model.rollout(&problems.seen, &actions, DRAW, Mode::Evaluate)
    }

    /// The positions of the first dot `[T, N, 2]` in pixels that the probe reads from encodings
    /// `[T, N, D]`.
    fn positions(&self, encodings: &Tensor) -> Tensor {
        let positions = self.probe.forward(encodings, Mode::Evaluate).select(2, 0);
        positions * self.units.location_unit + self.units.location_centre
    }

    /// The squared distances `[N]` of the predicted final positions from the targets, in pixels^2.
    pub fn misses(&self, problems: &Problems, plans: &Tensor) -> Tensor {
        let apart = self.ends(problems, plans) - &problems.targets;
        apart.square().sum_dim_intlist([-1].as_slice(), false, apart.kind())
    }
}
