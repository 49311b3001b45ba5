//! Gradient steps on a probe, and on the model under it when the settings fine-tune it.

use anyhow::Result;
use tch::{Kind, Tensor, no_grad};

use super::features::{Part, batches, encodings};
use super::judge::Judge;
use super::probe::Probe;
use crate::native::clear_gradients;
use crate::nn::Mode;
use crate::optim::{Adam, Optimiser};
use crate::runs::Progress;
use crate::worlds::dots::models::WorldModel;

/// How long and on what a probe is trained.
#[derive(Clone, Copy)]
pub struct Lesson {
    pub part: Part,
    pub steps: u64,
    pub rate: f64,
    pub fine_tune: bool,
}

/// Trains `probe` by Adam on fresh batches; the loss is the mean squared distance over steps, sequences and dots.
pub fn fit(
    judge: &Judge,
    model: &dyn WorldModel,
    probe: &Probe,
    lesson: Lesson,
    progress: &dyn Progress,
) -> Result<()> {
    let mut trained = probe.parameters.trainable();
    if lesson.fine_tune {
        trained.extend(model.parameters().trainable());
    }
    let tensors: Vec<Tensor> = trained.iter().map(|(_, tensor)| tensor.shallow_clone()).collect();
    let mut adam = Adam::new(trained, 1e-8);
    let what = match lesson.part {
        Part::Prediction => "training the prediction probe",
        Part::Encoding => "training the encoding probe",
    };
    let lessons = batches(judge.world, "probe", lesson.steps, model);
    for (step, batch) in (0..).zip(lessons) {
        progress.update(what, step, lesson.steps)?;
        let batch = batch?;
        let seen = match lesson.fine_tune {
            true => encodings(model, &batch, lesson.part, Mode::Train),
            false => no_grad(|| encodings(model, &batch, lesson.part, Mode::Evaluate)),
        };
        let truth = batch.locations.narrow(0, 0, seen.size()[0]);
        clear_gradients(&tensors);
        let squared = (probe.forward(&seen, Mode::Train) - truth).square();
        squared.sum_dim_intlist([-1].as_slice(), false, Kind::Float).mean(Kind::Float).backward();
        adam.step(lesson.rate);
    }
    Ok(())
}
