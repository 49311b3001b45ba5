//! The noise probe: how much of a sequence's fixed overlay can be read from the encoding of its first frame.

use anyhow::Result;
use tch::{Kind, Tensor};

use crate::worlds::dots::data::{Dots, PROJECTIONS};
use umwelt_torch::NormalEquations;

/// A linear read-out with a bias of the overlay's projections, solved from three quarters of the batches of a
/// stream and scored on the rest.
pub struct NoiseProbe<'a> {
    world: &'a Dots,
    stream: &'static str,
    learns_from: u64,
    equations: NormalEquations,
    held_out: Vec<(Tensor, Tensor)>,
}

impl<'a> NoiseProbe<'a> {
    /// For encodings `[B, D]` of the first `batches` batches of `stream`.
    pub fn new(
        world: &'a Dots,
        stream: &'static str,
        batches: u64,
        embedding: i64,
        device: tch::Device,
    ) -> Self {
        let equations = NormalEquations::new(embedding, PROJECTIONS as i64, true, device);
        Self { world, stream, learns_from: (3 * batches).div_ceil(4), equations, held_out: vec![] }
    }

    /// Takes in the encodings `[B, D]` of the first frames of batch `index`.
    pub fn add(&mut self, index: u64, encodings: &Tensor) {
        let Some(overlays) = self.world.overlay_projections(self.stream, index) else { return };
        let overlays =
            Tensor::from_slice(&overlays).view([-1, PROJECTIONS as i64]).to_device(encodings.device());
        match index < self.learns_from {
            true => self.equations.add(encodings, &overlays),
            false => self.held_out.push((encodings.shallow_clone(), overlays)),
        }
    }

    /// The part of the variance that is read, on average over the projections; at most 1, and below 0 where guessing
    /// the mean would do better. None without a fixed overlay, or with a single batch.
    ///
    /// # Errors
    /// When the encodings are not finite.
    pub fn r2(self) -> Result<Option<f64>> {
        if self.held_out.is_empty() {
            return Ok(None);
        }
        let (weight, bias) = self.equations.solve()?;
        let (encodings, overlays): (Vec<_>, Vec<_>) = self.held_out.into_iter().unzip();
        let (encodings, overlays) = (Tensor::cat(&encodings, 0), Tensor::cat(&overlays, 0));
        let read = encodings.linear(&weight, bias.as_ref());
        Ok(Some(f64::try_from(r_squared(&read, &overlays).mean(Kind::Double))?))
    }
}

/// 1 - residual / variance of every column of `truth` `[N, K]`, `[K]`.
fn r_squared(guess: &Tensor, truth: &Tensor) -> Tensor {
    let (guess, truth) = (guess.to_kind(Kind::Double), truth.to_kind(Kind::Double));
    let total = |x: Tensor| x.square().sum_dim_intlist([0].as_slice(), false, Kind::Double);
    let centred = &truth - truth.mean_dim([0].as_slice(), true, Kind::Double);
    1.0 - total(&truth - guess) / total(centred)
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
            probe.add(index, &encode(&batch.states.get(0), &batch.locations.get(0).select(1, 0)));
        }
        probe.r2().unwrap().unwrap()
    }

    #[test]
    fn pixels_tell_the_overlay_and_the_dots_place_does_not() {
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
    fn without_a_fixed_overlay_or_a_second_batch_there_is_nothing_to_say() {
        let world = |static_noise| {
            Dots::new(DotsSettings { frames: 2, batch_size: 4, static_noise, ..DotsSettings::default() })
                .unwrap()
        };
        for (static_noise, batches) in [(0.0, 4), (1.0, 1)] {
            let world = world(static_noise);
            let mut probe = NoiseProbe::new(&world, "ridge", batches, 2, Device::Cpu);
            (0..batches)
                .for_each(|index| probe.add(index, &Tensor::ones([4, 2], (Kind::Float, Device::Cpu))));
            assert_eq!(probe.r2().unwrap(), None);
        }
    }
}
