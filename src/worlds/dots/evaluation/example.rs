//! Sequences with what the prediction probe reads from a rollout, for the figure of frames.

use anyhow::Result;
use tch::{Device, Kind, Tensor, no_grad};

use super::features::{self, scored};
use super::probe::Probe;
use crate::nn::Mode;
use crate::worlds::dots::data::{Dots, Normalisation, Trajectories};
use crate::worlds::dots::models::WorldModel;

/// The number of sequences in the figure.
const EXAMPLES: i64 = 4;

/// One sequence of T scored frames. Positions `[T]` are those of the first dot, (x, y) in pixels.
pub struct Example {
    /// Pixels of each frame, with channels summed.
    pub frames: Vec<Vec<f32>>,
    pub truth: Vec<(f32, f32)>,
    pub probed: Vec<(f32, f32)>,
    /// The frames that the model decodes from its rollout, if it decodes any.
    pub imagined: Option<Vec<Vec<f32>>>,
}

/// Tensors of a batch from which examples are cut.
struct Sequences {
    /// `[K+T-1, B, C, 28, 28]`
    states: Tensor,
    /// `[T, B, dots, 2]`
    truth: Tensor,
    /// `[T, B, dots, 2]`
    probed: Tensor,
    /// `[T, B, C, 28, 28]`
    imagined: Option<Tensor>,
}

/// The first scored sequences, with the positions that `probe` reads from the model's rollout.
///
/// # Errors
/// When libtorch cannot copy tensors between devices.
pub fn examples(world: &Dots, model: &dyn WorldModel, probe: &Probe) -> Result<Vec<Example>> {
    let host = world.batch("score", 0, world.frames());
    let batch = scored(Trajectories::new(&host, model.parameters().device())?, model.burn_in());
    let count = EXAMPLES.min(batch.actions.size()[1]);
    let sequences = no_grad(|| Sequences::new(model, probe, batch, count));
    let units = world.normalisation();
    (0..count).map(|b| Example::cut(&sequences, b, model.burn_in(), units)).collect()
}

impl Sequences {
    fn new(model: &dyn WorldModel, probe: &Probe, batch: Trajectories, count: i64) -> Self {
        let seen = features::seen(model, &batch, Mode::Evaluate);
        let rollout = features::rollout(model, &batch, &seen, Mode::Evaluate);
        let first = |x: &Tensor| x.narrow(1, 0, count);
        Self {
            probed: probe.forward(&rollout, Mode::Evaluate),
            imagined: model.imagine(&first(&seen), &first(&batch.actions), batch.index),
            states: batch.states,
            truth: batch.locations,
        }
    }
}

impl Example {
    fn cut(sequences: &Sequences, b: i64, burn_in: usize, units: &Normalisation) -> Result<Self> {
        Ok(Self {
            frames: frames(&sequences.states, b)?.split_off(burn_in - 1),
            truth: first_dot(&sequences.truth, b, units)?,
            probed: first_dot(&sequences.probed, b, units)?,
            imagined: sequences.imagined.as_ref().map(|images| frames(images, b)).transpose()?,
        })
    }
}

/// The frames of sequence `b` among images `[T, B, C, 28, 28]`, channels summed: 784 pixels each.
fn frames(images: &Tensor, b: i64) -> Result<Vec<Vec<f32>>> {
    let summed = images.select(1, b).sum_dim_intlist([1].as_slice(), false, Kind::Float);
    Ok(Vec::<Vec<f32>>::try_from(summed.flatten(1, 2).to_device(Device::Cpu))?)
}

/// Positions in pixels of the first dot in sequence `b`, from positions `[T, B, dots, 2]` in data
/// units.
fn first_dot(positions: &Tensor, b: i64, units: &Normalisation) -> Result<Vec<(f32, f32)>> {
    let positions = positions.select(1, b).select(1, 0).to_kind(Kind::Double);
    let pixels = positions * units.location_unit + units.location_centre;
    let rows = Vec::<Vec<f32>>::try_from(pixels.to_kind(Kind::Float).to_device(Device::Cpu))?;
    Ok(rows.into_iter().map(|row| (row[0], row[1])).collect())
}
