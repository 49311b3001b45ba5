//! Small networks fitted for evaluation.

use anyhow::Result;
use tch::{Device, Tensor};

use crate::native::{WeightDecay, clear_gradients};
use crate::nn::Parameters;
use crate::optim::{Adam, Cycle, LrSchedule, Optimiser, Schedule};
use crate::runs::Progress;
use umwelt_base::random::Stream;

/// Adam's epsilon.
const EPSILON: f64 = 1e-8;

/// The options of a fit by Adam on random batches.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// The name in progress bars, and of the random stream of the batches.
    pub name: &'static str,
    pub steps: u64,
    pub batch_size: usize,
    pub lr: LrSchedule,
    /// Adam's L2 decay.
    pub l2: f64,
    pub seed: u64,
}

impl Fit {
    /// A fit without decay whose learning rate rises to `peak` and falls again.
    pub fn cycle(name: &'static str, steps: u64, batch_size: usize, peak: f64, seed: u64) -> Self {
        Self { name, steps, batch_size, lr: LrSchedule::Cycle(Cycle::new(peak)), l2: 0.0, seed }
    }

    /// Minimises `loss` of the items `[B]`, int64, of each batch, out of `items`, in all of
    /// `parameters`.
    ///
    /// # Errors
    /// [`umwelt_base::stop::Interrupted`] when `progress` asks for it.
    ///
    /// # Panics
    /// Without parameters.
    pub fn run(
        &self,
        parameters: &[&Parameters],
        items: usize,
        progress: &dyn Progress,
        loss: impl Fn(&Tensor) -> Tensor,
    ) -> Result<()> {
        let of_group = |(group, parameters): (usize, &&Parameters)| {
            let named = parameters.trainable().into_iter();
            named.map(move |(name, tensor)| (format!("{group}.{name}"), tensor))
        };
        let trained: Vec<(String, Tensor)> = parameters.iter().enumerate().flat_map(of_group).collect();
        let tensors: Vec<Tensor> = trained.iter().map(|(_, tensor)| tensor.shallow_clone()).collect();
        let mut adam = Adam::with_decay(trained, EPSILON, WeightDecay::L2(self.l2));
        let schedule = Schedule::new(self.lr, self.batch_size, 1, self.steps as usize);
        for step in 0..self.steps {
            progress.update(self.name, step, self.steps)?;
            clear_gradients(&tensors);
            loss(&self.batch(step, items, tensors[0].device())).backward();
            adam.step(schedule.rates(step));
        }
        Ok(())
    }

    fn batch(&self, step: u64, items: usize, device: Device) -> Tensor {
        let mut rng = Stream::new(self.seed, self.name).at(&[step]);
        let item = |_| rng.below(items) as i64;
        Tensor::from_slice(&(0..self.batch_size).map(item).collect::<Vec<_>>()).to_device(device)
    }
}
