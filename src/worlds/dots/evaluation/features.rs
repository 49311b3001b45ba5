//! Probe inputs. Frame 0 of T is the last burn-in frame.

use anyhow::Result;
use tch::Tensor;

use crate::nn::Mode;
use crate::training::Prefetch;
use crate::worlds::dots::data::{Dots, Trajectories};
use crate::worlds::dots::models::WorldModel;

/// The encodings that a probe reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeTarget {
    /// The encoding of frame 0 and all predictions from it.
    Prediction,
    /// The encoding of frame 0.
    Encoding,
}

impl ProbeTarget {
    /// The name in stream names and progress messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prediction => "prediction",
            Self::Encoding => "encoding",
        }
    }

    /// The number of frames that the probe reads, out of `all`.
    pub fn frames(self, all: i64) -> i64 {
        if self == Self::Prediction { all } else { 1 }
    }
}

/// Encodings `[T, B, D]`: that of frame 0, then the predicted ones. [`ProbeTarget::Encoding`] gives
/// the first alone, `[1, B, D]`.
pub fn encodings(model: &dyn WorldModel, batch: &Trajectories, part: ProbeTarget, mode: Mode) -> Tensor {
    match part {
        ProbeTarget::Encoding => {
            model.encode(&batch.states.get(model.burn_in() as i64 - 1), mode).unsqueeze(0)
        }
        ProbeTarget::Prediction => rollout(model, batch, &seen(model, batch, mode), mode),
    }
}

/// The last of the burn-in encodings `seen` `[K, B, D]`, then the predicted ones: `[T, B, D]`.
pub fn rollout(model: &dyn WorldModel, batch: &Trajectories, seen: &Tensor, mode: Mode) -> Tensor {
    let predicted = model.rollout(seen, &batch.actions, batch.index, mode);
    Tensor::cat(&[seen.narrow(0, model.burn_in() as i64 - 1, 1), predicted], 0)
}

/// Encodings of the burn-in frames, `[K, B, D]`.
pub fn seen(model: &dyn WorldModel, batch: &Trajectories, mode: Mode) -> Tensor {
    let count = model.burn_in() as i64;
    let encoded = model.encode(&batch.states.narrow(0, 0, count).flatten(0, 1), mode);
    encoded.view([count, -1, encoded.size()[1]])
}

/// The first `count` batches of a stream, prefetched, with images of the burn-in frames of `model`
/// only.
pub fn batches(
    world: &Dots,
    stream: &'static str,
    count: u64,
    model: &dyn WorldModel,
) -> impl Iterator<Item = Result<Trajectories>> + use<> {
    let (world, shown, device) = (world.clone(), model.burn_in(), model.parameters().device());
    let batches = Prefetch::new(0..count, move |index| world.batch(stream, index, shown));
    batches.map(move |host| Ok(scored(Trajectories::new(&host, device)?, shown)))
}

/// The batch with positions of the scored frames only, `[T, B, dots, 2]`, for `shown` burn-in
/// frames.
pub fn scored(batch: Trajectories, shown: usize) -> Trajectories {
    let (first, all) = (shown as i64 - 1, batch.locations.size()[0]);
    Trajectories { locations: batch.locations.narrow(0, first, all - first), ..batch }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::nn::{Parameters, Precision};
    use crate::worlds::dots::data::DotsSettings;
    use crate::worlds::dots::models::Vicreg;

    fn difference(a: &Tensor, b: &Tensor) -> f64 {
        assert_eq!(a.size(), b.size());
        (a - b).abs().max().to_kind(Kind::Double).double_value(&[])
    }

    #[test]
    fn frames_count_from_the_last_one_shown_and_no_others_are_rendered() {
        let settings = serde_json::json!({
            "arch": "mlp", "embedding_size": 6, "predictor": "rnn_burnin", "rnn_burnin": 3, "projector": "id",
        });
        let settings = serde_json::from_value(settings).unwrap();
        let model = Vicreg::new(Parameters::new(Device::Cpu, 0), &settings, Precision::Fp32).unwrap();
        let world =
            Dots::new(DotsSettings { frames: 7, batch_size: 4, noise: 0.3, ..Default::default() }).unwrap();
        let whole = Trajectories::new(&world.batch("score", 0, 7), Device::Cpu).unwrap();
        let batch = batches(&world, "score", 1, &model).next().unwrap().unwrap();
        assert_eq!(batch.states, whole.states.narrow(0, 0, 3));
        assert_eq!(batch.actions, whole.actions);
        assert_eq!(batch.locations, whole.locations.narrow(0, 2, 5));
        let all = encodings(&model, &batch, ProbeTarget::Prediction, Mode::Evaluate);
        let first = encodings(&model, &batch, ProbeTarget::Encoding, Mode::Evaluate);
        assert_eq!((all.size(), first.size()), (vec![5, 4, 6], vec![1, 4, 6]));
        let third = model.encode(&whole.states.get(2), Mode::Evaluate);
        assert!(difference(&all.get(0), &third) < 1e-6 && difference(&first.get(0), &third) < 1e-6);
    }
}
