//! Probes by gradient steps, on the model too where the settings fine-tune it.

use anyhow::Result;
use tch::{Kind, Tensor, no_grad};

use super::features::{ProbeTarget, batches, encodings};
use super::probe::Probe;
use crate::native::clear_gradients;
use crate::nn::Mode;
use crate::optim::{Adam, Optimiser, Rates};
use crate::runs::Progress;
use crate::worlds::dots::data::Dots;
use crate::worlds::dots::models::WorldModel;

/// Options of a fit by Adam.
#[derive(Clone, Copy)]
pub struct ProbeFit {
    pub target: ProbeTarget,
    pub steps: u64,
    pub lr: f64,
    /// Trains the model together with the probe.
    pub fine_tune: bool,
}

/// Trains `probe` by Adam on fresh batches. The loss is the squared distance in data units,
/// averaged over frames, sequences and dots.
///
/// # Errors
/// [`crate::training::Interrupted`] when `progress` asks for it.
pub fn fit(
    world: &Dots,
    model: &dyn WorldModel,
    probe: &Probe,
    options: ProbeFit,
    progress: &dyn Progress,
) -> Result<()> {
    let ProbeFit { target, steps, lr, fine_tune } = options;
    let mut trained = probe.parameters.trainable();
    if fine_tune {
        trained.extend(model.parameters().trainable());
    }
    let tensors: Vec<Tensor> = trained.iter().map(|(_, tensor)| tensor.shallow_clone()).collect();
    let mut adam = Adam::new(trained, 1e-8);
    let what = match target {
        ProbeTarget::Prediction => "training the prediction probe",
        ProbeTarget::Encoding => "training the encoding probe",
    };
    for (step, batch) in (0..).zip(batches(world, "probe", steps, model)) {
        progress.update(what, step, steps)?;
        let batch = batch?;
        let encoded = if fine_tune {
            encodings(model, &batch, target, Mode::Train)
        } else {
            no_grad(|| encodings(model, &batch, target, Mode::Evaluate))
        };
        let truth = batch.locations.narrow(0, 0, encoded.size()[0]);
        clear_gradients(&tensors);
        let squared = (probe.forward(&encoded, Mode::Train) - truth).square();
        squared.sum_dim_intlist([-1].as_slice(), false, Kind::Float).mean(Kind::Float).backward();
        adam.step(Rates::constant(lr));
    }
    Ok(())
}
