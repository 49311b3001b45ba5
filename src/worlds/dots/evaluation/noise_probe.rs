//! The noise probe: the share of a sequence's fixed distractor that its first encoding contains.

use anyhow::Result;
use tch::{Kind, Tensor};

use crate::worlds::dots::data::{Dots, PROJECTIONS};
use umwelt_torch::NormalEquations;

/// A linear map with bias from encodings to projections of the fixed distractor. It is solved from
/// three quarters of the batches of a stream and scored on the rest.
pub struct NoiseProbe<'a> {
    world: &'a Dots,
    stream: &'static str,
    training_batches: u64,
    equations: NormalEquations,
    held_out: Vec<(Tensor, Tensor)>,
}

impl<'a> NoiseProbe<'a> {
    /// A noise probe for encodings `[B, D]` of the first `batches` batches of `stream`.
    pub fn new(
        world: &'a Dots,
        stream: &'static str,
        batches: u64,
        embedding: i64,
        device: tch::Device,
    ) -> Self {
        let equations = NormalEquations::new(embedding, PROJECTIONS as i64, true, device);
        Self { world, stream, training_batches: (3 * batches).div_ceil(4), equations, held_out: vec![] }
    }

    /// Adds the encodings `[B, D]` of the first frames of batch `index`; does nothing in a world
    /// without a fixed distractor.
    ///
    /// # Errors
    /// When libtorch cannot copy the projections to the device of `encodings`.
    pub fn add(&mut self, index: u64, encodings: &Tensor) -> Result<()> {
        let Some(projections) = self.world.distractor_projections(self.stream, index) else { return Ok(()) };
        let projections = Tensor::try_from(projections)?.f_to_device(encodings.device())?;
        if index < self.training_batches {
            self.equations.add(encodings, &projections);
        } else {
            self.held_out.push((encodings.shallow_clone(), projections));
        }
        Ok(())
    }

    /// R^2 on the held-out batches, averaged over the projections: at most 1, and below 0 if
    /// predicting the mean is better. `None` without a fixed distractor, or with a single batch.
    ///
    /// # Errors
    /// When the encodings are not finite.
    pub fn r2(self) -> Result<Option<f64>> {
        if self.held_out.is_empty() {
            return Ok(None);
        }
        let (weight, bias) = self.equations.solve()?;
        let (encodings, distractors): (Vec<_>, Vec<_>) = self.held_out.into_iter().unzip();
        let (encodings, distractors) = (Tensor::cat(&encodings, 0), Tensor::cat(&distractors, 0));
        let predicted = encodings.linear(&weight, bias.as_ref());
        Ok(Some(f64::try_from(r_squared(&predicted, &distractors).mean(Kind::Double))?))
    }
}

/// 1 - residual variance / variance of each column of `truth` `[N, K]`, as `[K]`.
fn r_squared(predicted: &Tensor, truth: &Tensor) -> Tensor {
    let (predicted, truth) = (predicted.to_kind(Kind::Double), truth.to_kind(Kind::Double));
    let total = |x: Tensor| x.square().sum_dim_intlist([0].as_slice(), false, Kind::Double);
    let centred = &truth - truth.mean_dim([0].as_slice(), true, Kind::Double);
    1.0 - total(&truth - predicted) / total(centred)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::worlds::dots::data::{DotsSettings, Trajectories};

    const BATCHES: u64 = 40;

    /// The probe's score of an encoder from images `[B, 1, 28, 28]` and positions `[B, 2]`.
    fn read_out(features: i64, encode: impl Fn(&Tensor, &Tensor) -> Tensor) -> f64 {
        let settings =
            DotsSettings { frames: 2, static_noise: 1.0, normalize: true, ..DotsSettings::default() };
        let world = Dots::new(settings).unwrap();
        let mut probe = NoiseProbe::new(&world, "ridge", BATCHES, features, Device::Cpu);
        for index in 0..BATCHES {
            let batch = Trajectories::new(&world.batch("ridge", index, 1), Device::Cpu).unwrap();
            probe.add(index, &encode(&batch.states.get(0), &batch.locations.get(0).select(1, 0))).unwrap();
        }
        probe.r2().unwrap().unwrap()
    }

    #[test]
    fn pixels_tell_the_distractor_and_the_dots_place_does_not() {
        let pixels = read_out(784, |images, _| images.flatten(1, -1));
        assert!(pixels > 0.95 && pixels <= 1.0, "{pixels}");
        let place = read_out(2, |_, positions| positions.shallow_clone());
        assert!(place.abs() < 0.02, "{place}");
        let constant =
            read_out(3, |images, _| Tensor::ones([images.size()[0], 3], (Kind::Float, Device::Cpu)));
        assert!(constant.abs() < 0.02, "{constant}");
    }

    #[test]
    fn r_squared_is_one_minus_the_part_left_over() {
        let truth = Tensor::from_slice(&[1.0, 3.0, 5.0]).view([3, 1]); // variance 8 in all
        let guess = Tensor::from_slice(&[1.0, 3.0, 3.0]).view([3, 1]); // 4 left over
        assert!((r_squared(&guess, &truth).double_value(&[0]) - 0.5).abs() < 1e-12);
        assert_eq!(r_squared(&truth.full_like(3.0), &truth).double_value(&[0]), 0.0);
    }

    #[test]
    fn without_a_fixed_distractor_or_a_second_batch_there_is_nothing_to_say() {
        let world = |static_noise| {
            Dots::new(DotsSettings { frames: 2, batch_size: 4, static_noise, ..DotsSettings::default() })
                .unwrap()
        };
        for (static_noise, batches) in [(0.0, 4), (1.0, 1)] {
            let world = world(static_noise);
            let mut probe = NoiseProbe::new(&world, "ridge", batches, 2, Device::Cpu);
            (0..batches).for_each(|index| {
                probe.add(index, &Tensor::ones([4, 2], (Kind::Float, Device::Cpu))).unwrap()
            });
            assert_eq!(probe.r2().unwrap(), None);
        }
    }
}
