//! The noise probe: the share of a sequence's fixed distractor that its first encoding contains.

use anyhow::Result;
use tch::Tensor;

use super::read_out::ReadOut;
use crate::worlds::dots::data::{Dots, PROJECTIONS};

/// A linear map with bias from encodings to projections of the fixed distractor.
pub struct NoiseProbe<'a> {
    world: &'a Dots,
    stream: &'static str,
    read_out: ReadOut,
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
        let read_out = ReadOut::new([embedding, PROJECTIONS as i64], batches, device);
        Self { world, stream, read_out }
    }

    /// Adds the encodings `[B, D]` of the first frames of batch `index`; does nothing in a world
    /// without a fixed distractor.
    ///
    /// # Errors
    /// When libtorch cannot copy the projections to the device of `encodings`.
    pub fn add(&mut self, index: u64, encodings: &Tensor) -> Result<()> {
        let Some(projections) = self.world.distractor_projections(self.stream, index) else { return Ok(()) };
        let projections = Tensor::try_from(projections)?.f_to_device(encodings.device())?;
        self.read_out.add(index, encodings, &projections);
        Ok(())
    }

    /// R^2 on the held-out batches, averaged over the projections. `None` without a fixed
    /// distractor, or with a single batch.
    ///
    /// # Errors
    /// When the encodings are not finite.
    pub fn r2(self) -> Result<Option<f64>> {
        let r2 = self.read_out.r2()?;
        Ok(r2.map(|of_projections| of_projections.iter().sum::<f64>() / of_projections.len() as f64))
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

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
