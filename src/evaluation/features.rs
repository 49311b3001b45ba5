//! What the probes read.

use anyhow::Result;
use tch::{Device, Tensor};

use crate::data::{Dots, Prefetch, Trajectories};
use crate::models::WorldModel;
use crate::nn::Mode;

/// Which encodings a probe reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Frame 0 as it was seen, and all that was predicted from it.
    Prediction,
    /// Frame 0 alone.
    Encoding,
}

impl Part {
    /// How many of T frames it reads.
    pub fn frames(self, all: i64) -> i64 {
        if self == Self::Prediction { all } else { 1 }
    }
}

/// Encodings `[T, B, D]`: that of frame 0, then those the model predicts (for [`Part::Encoding`] the first alone).
pub fn encodings(model: &dyn WorldModel, batch: &Trajectories, part: Part, mode: Mode) -> Tensor {
    let start = model.encode(&batch.states.get(0), mode);
    match part {
        Part::Encoding => start.unsqueeze(0),
        Part::Prediction => {
            let predicted = model.rollout(&start.unsqueeze(0), &batch.actions, batch.index, mode);
            Tensor::cat(&[start.unsqueeze(0), predicted], 0)
        }
    }
}

/// Batches of a stream with the image of frame 0 only, made ahead of time and put on `device`.
pub fn batches(
    world: &Dots,
    stream: &'static str,
    count: u64,
    device: Device,
) -> impl Iterator<Item = Result<Trajectories>> + use<> {
    let world = world.clone();
    let made = Prefetch::new(0..count, move |index| world.batch(stream, index, 1));
    made.map(move |host| Trajectories::new(&host, device))
}
