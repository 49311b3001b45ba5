//! Linear probes by least squares, in one pass over fresh sequences.

use anyhow::Result;
use tch::no_grad;
use umwelt_torch::NormalEquations;

use super::content::{Content, STREAM};
use super::features::{ProbeTarget, batches, encodings};
use super::probe::{Probe, ProbeShape};
use crate::nn::Mode;
use crate::runs::Progress;
use crate::worlds::dots::data::Dots;
use crate::worlds::dots::models::WorldModel;

/// A linear probe of a model's predictions, solved from `count` batches.
///
/// # Errors
/// As [`fit`].
pub fn prediction_probe(
    world: &Dots,
    model: &dyn WorldModel,
    bias: bool,
    count: u64,
    progress: &dyn Progress,
) -> Result<Probe> {
    let (dots, device) = (world.roles().len() as i64, model.parameters().device());
    let shape = ProbeShape { embedding: model.embedding(), dots, hidden: "", bias };
    // The solution does not depend on the initial weights.
    let [prediction, encoding] = [Probe::new(&shape, device, 0)?, Probe::new(&shape, device, 0)?];
    no_grad(|| fit(world, model, [&prediction, &encoding], bias, count, None, progress))?;
    Ok(prediction)
}

/// Solves the prediction probe and the encoding probe from `count` batches. `content`, if given, sees
/// the same encodings.
///
/// # Errors
/// When encodings are not finite, or [`crate::training::Interrupted`] when `progress` asks for it.
pub fn fit(
    world: &Dots,
    model: &dyn WorldModel,
    [prediction, encoding]: [&Probe; 2],
    bias: bool,
    count: u64,
    mut content: Option<&mut Content>,
    progress: &dyn Progress,
) -> Result<()> {
    let (features, targets) = (model.embedding(), 2 * world.roles().len() as i64);
    let device = model.parameters().device();
    let equations = || NormalEquations::new(features, targets, bias, device);
    let (mut of_all_frames, mut of_first_frame) = (equations(), equations());
    for (index, batch) in (0..).zip(batches(world, STREAM, count, model)) {
        progress.update("solving the probes", index, count)?;
        let batch = batch?;
        let encoded = encodings(model, &batch, ProbeTarget::Prediction, Mode::Evaluate);
        of_all_frames.add(&encoded.flatten(0, 1), &batch.locations.reshape([-1, targets]));
        of_first_frame.add(&encoded.get(0), &batch.locations.get(0).reshape([-1, targets]));
        if let Some(content) = &mut content {
            content.add(index, &encoded.get(0), &batch.locations.get(0))?;
        }
    }
    for (probe, equations) in [(prediction, of_all_frames), (encoding, of_first_frame)] {
        let (weight, bias) = equations.solve()?;
        probe.assign(weight, bias)?;
    }
    Ok(())
}
