//! Planning problems: move the first dot from a frame of the world to a target position.

use anyhow::Result;
use tch::{Device, Kind, Tensor, no_grad};

use crate::nn::Mode;
use crate::worlds::dots::data::{Dots, MAX_STEP, Trajectories};
use crate::worlds::dots::evaluation::features;
use crate::worlds::dots::models::WorldModel;
use umwelt_base::random::Stream;

/// N problems. Positions and steps are those of the first dot, (x, y) in pixels.
pub struct Problems {
    /// Encodings of the burn-in frames, `[K, N, D]`.
    pub seen: Tensor,
    /// Actions between the burn-in frames in data units, `[K-1, N, 2]`.
    pub taken: Tensor,
    /// Start positions, `[N, 2]`.
    pub starts: Tensor,
    /// Target positions, `[N, 2]`.
    pub targets: Tensor,
    /// The random steps of the data from the start on, `[S, N, 2]`.
    pub random_plans: Tensor,
    /// The last burn-in frames, `[N, C, 28, 28]`.
    images: Tensor,
}

impl Problems {
    /// Draws `count` starts from the world's sequences, and targets uniformly from the positions
    /// within walls.
    ///
    /// # Errors
    /// When libtorch cannot copy a batch to the model's device.
    pub fn draw(world: &Dots, model: &dyn WorldModel, count: usize, seed: u64) -> Result<Self> {
        let device = model.parameters().device();
        let (mut parts, mut missing, mut index) = (Vec::new(), count, 0);
        while missing > 0 {
            let batch = Trajectories::new(&world.batch("planning", index, model.burn_in()), device)?;
            let taken = missing.min(batch.actions.size()[1] as usize);
            parts.push(Self::of(world, model, &batch).narrow(0, taken as i64));
            (missing, index) = (missing - taken, index + 1);
        }
        let join =
            |part: fn(&Self) -> &Tensor, dim| Tensor::cat(&parts.iter().map(part).collect::<Vec<_>>(), dim);
        Ok(Self {
            seen: join(|p| &p.seen, 1),
            taken: join(|p| &p.taken, 1),
            starts: join(|p| &p.starts, 0),
            targets: targets(world.walls(), count, seed).to_device(device),
            random_plans: join(|p| &p.random_plans, 1),
            images: join(|p| &p.images, 0),
        })
    }

    /// Problems from a batch, with the starts in place of targets.
    fn of(world: &Dots, model: &dyn WorldModel, batch: &Trajectories) -> Self {
        let units = world.normalisation();
        let (seen, steps) = (model.burn_in() as i64, batch.actions.size()[0]);
        let starts = batch.locations.get(seen - 1).select(1, 0) * units.location_unit + units.location_centre;
        Self {
            seen: no_grad(|| features::seen(model, batch, Mode::Evaluate)),
            taken: batch.actions.narrow(0, 0, seen - 1),
            targets: starts.shallow_clone(),
            starts,
            random_plans: batch.actions.narrow(0, seen - 1, steps - seen + 1) * units.action_unit,
            images: batch.states.get(seen - 1),
        }
    }

    /// The problems `first` to `first + count`.
    pub fn narrow(&self, first: i64, count: i64) -> Self {
        Self {
            seen: self.seen.narrow(1, first, count),
            taken: self.taken.narrow(1, first, count),
            starts: self.starts.narrow(0, first, count),
            targets: self.targets.narrow(0, first, count),
            random_plans: self.random_plans.narrow(1, first, count),
            images: self.images.narrow(0, first, count),
        }
    }

    /// The single problem `index` with another target, (x, y) in pixels.
    pub fn with_target(&self, index: i64, target: [f32; 2]) -> Self {
        let targets = Tensor::from_slice(&target).view([1, 2]).to_device(self.targets.device());
        Self { targets, ..self.narrow(index, 1) }
    }

    /// Each problem repeated `times` times in a row.
    pub fn repeated(&self, times: i64) -> Self {
        let again = |x: &Tensor, dim| x.repeat_interleave_self_int(times, dim, None);
        Self {
            seen: again(&self.seen, 1),
            taken: again(&self.taken, 1),
            starts: again(&self.starts, 0),
            targets: again(&self.targets, 0),
            random_plans: again(&self.random_plans, 1),
            images: self.images.shallow_clone(),
        }
    }

    /// The number of problems, N.
    pub fn count(&self) -> usize {
        self.starts.size()[0] as usize
    }

    /// The number of steps of a plan, S.
    pub fn steps(&self) -> i64 {
        self.random_plans.size()[0]
    }

    /// The oracle's plans `[S, N, 2]`: equal steps straight to the target.
    pub fn straight(&self) -> Tensor {
        let step = (&self.targets - &self.starts) / self.steps() as f64;
        within_reach(&step.unsqueeze(0).repeat([self.steps(), 1, 1]))
    }

    /// The pixels of the last burn-in frame of problem `n`, channels summed.
    pub fn image(&self, n: usize) -> Result<Vec<f32>> {
        let image = self.images.get(n as i64).sum_dim_intlist([0].as_slice(), false, Kind::Float);
        Ok(Vec::try_from(image.flatten(0, -1).to_device(Device::Cpu))?)
    }
}

/// Steps `[.., 2]` in pixels, shortened to at most the world's longest step.
pub fn within_reach(steps: &Tensor) -> Tensor {
    let length = steps.norm_scalaropt_dim(2.0, [-1].as_slice(), true);
    steps * (MAX_STEP / length.clamp_min(MAX_STEP))
}

/// Target positions `[count, 2]` in pixels.
fn targets((low, high): (f64, f64), count: usize, seed: u64) -> Tensor {
    let stream = Stream::new(seed, "planning targets");
    let target = |n| {
        let mut rng = stream.at(&[n]);
        [rng.between(low, high) as f32, rng.between(low, high) as f32]
    };
    let places: Vec<[f32; 2]> = (0..count as u64).map(target).collect();
    Tensor::from_slice(places.as_flattened()).view([-1, 2])
}
