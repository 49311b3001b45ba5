//! What linear maps read from the encodings of first frames beside the place of the dot: the fixed
//! distractor, and what each part of a code holds.

use anyhow::Result;
use tch::{Device, Tensor};

use super::parts::{PartDiagnostics, PlaceR2};
use super::read_out::ReadOut;
use crate::worlds::dots::data::{Dots, PROJECTIONS, Role};
use crate::worlds::dots::models::{Part, WorldModel};

/// The stream of the sequences that all maps are solved from.
pub const STREAM: &str = "ridge";

/// The noise probe, a map from whole encodings to projections of the fixed distractor, and maps from
/// each part of a code to the distractor and to the places of dots.
pub struct Content<'a> {
    world: &'a Dots,
    device: Device,
    noise: ReadOut,
    parts: Vec<(Part, ReadOut)>,
}

/// What they find.
#[derive(Default)]
pub struct Found {
    /// R^2 of the noise probe, averaged over the projections. `None` without a fixed distractor, or
    /// with a single batch.
    pub noise_r2: Option<f64>,
    /// What each part of a code holds, but for the slow-feature ratio; empty for a code in one piece,
    /// or with a single batch.
    pub parts: Vec<PartDiagnostics>,
}

impl<'a> Content<'a> {
    /// Maps for the first `batches` batches of [`STREAM`].
    pub fn new(world: &'a Dots, batches: u64, model: &dyn WorldModel) -> Self {
        let device = model.parameters().device();
        let projections = if world.has_fixed_distractor() { PROJECTIONS as i64 } else { 0 };
        let read_out = |features, numbers| ReadOut::new([features, numbers], batches, device);
        let of = |part: Part| (part, read_out(part.count, projections + coordinates(world)));
        let parts = model.parts().into_iter().map(of).collect();
        Self { world, device, noise: read_out(model.embedding(), projections), parts }
    }

    /// Adds the encodings `[B, D]` of the first frames of batch `index`, and the places of dots
    /// there, `[B, dots, 2]`.
    ///
    /// # Errors
    /// When libtorch cannot copy the distractor's projections to the device.
    pub fn add(&mut self, index: u64, encodings: &Tensor, places: &Tensor) -> Result<()> {
        let projections = self.world.distractor_projections(STREAM, index);
        let copied =
            projections.map(|all| Ok::<_, anyhow::Error>(Tensor::try_from(all)?.f_to_device(self.device)?));
        let mut numbers: Vec<Tensor> = copied.transpose()?.into_iter().collect();
        if let [projections] = numbers.as_slice() {
            self.noise.add(index, encodings, projections);
        }
        if self.parts.is_empty() {
            return Ok(());
        }
        numbers.push(places.flatten(1, 2));
        let numbers = Tensor::cat(&numbers, 1);
        self.parts.iter_mut().for_each(|(part, read_out)| read_out.add(index, &part.of(encodings), &numbers));
        Ok(())
    }

    /// # Errors
    /// When the encodings are not finite.
    pub fn solve(self) -> Result<Found> {
        let world = self.world;
        let part =
            |(part, read_out): (Part, ReadOut)| Ok(read_out.r2()?.map(|r2| diagnostics(world, part, &r2)));
        let parts = self.parts.into_iter().filter_map(|found| part(found).transpose());
        Ok(Found {
            parts: parts.collect::<Result<_>>()?,
            noise_r2: self.noise.r2()?.as_deref().and_then(mean),
        })
    }
}

/// The numbers that tell where the dots are.
fn coordinates(world: &Dots) -> i64 {
    2 * world.roles().len() as i64
}

/// What a part holds, from R^2 of the distractor's projections, if there is one, and of coordinates.
fn diagnostics(world: &Dots, part: Part, r2: &[f64]) -> PartDiagnostics {
    let roles = world.roles();
    let (projections, places) = r2.split_at(r2.len() - coordinates(world) as usize);
    let place = |(role, both): (&Role, &[f64])| PlaceR2 {
        dot: if roles.len() == 1 { "dot" } else { role.name() }.into(),
        r2: (both[0] + both[1]) / 2.0,
    };
    PartDiagnostics {
        name: part.name.into(),
        slow_feature_ratio: None,
        noise_r2: mean(projections),
        places: roles.iter().zip(places.chunks(2)).map(place).collect(),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::nn::{Mode, Parameters};
    use crate::worlds::dots::data::{DotsSettings, Trajectories};
    use crate::worlds::dots::models::LossOutput;

    const BATCHES: u64 = 40;

    /// Stands for a model whose encodings a test makes.
    struct Code {
        parameters: Parameters,
        features: i64,
        parts: Vec<Part>,
    }

    impl Code {
        fn new(features: i64, parts: &[Part]) -> Self {
            Self { parameters: Parameters::new(Device::Cpu, 0), features, parts: parts.to_vec() }
        }
    }

    impl WorldModel for Code {
        fn parameters(&self) -> &Parameters {
            &self.parameters
        }

        fn embedding(&self) -> i64 {
            self.features
        }

        fn parts(&self) -> Vec<Part> {
            self.parts.clone()
        }

        fn encode(&self, _images: &Tensor, _mode: Mode) -> Tensor {
            unreachable!("the test gives encodings")
        }

        fn rollout(&self, _seen: &Tensor, _actions: &Tensor, _draw: u64, _mode: Mode) -> Tensor {
            unreachable!("the test gives encodings")
        }

        fn loss(&self, _batch: &Trajectories) -> LossOutput {
            unreachable!("the test does not train")
        }
    }

    /// What is found in an encoder from images `[B, 1, 28, 28]` and positions `[B, 2]`.
    fn found(code: &Code, encode: impl Fn(&Tensor, &Tensor) -> Tensor) -> Found {
        let settings =
            DotsSettings { frames: 2, static_noise: 1.0, normalize: true, ..DotsSettings::default() };
        let world = Dots::new(settings).unwrap();
        let mut content = Content::new(&world, BATCHES, code);
        for index in 0..BATCHES {
            let batch = Trajectories::new(&world.batch(STREAM, index, 1), Device::Cpu).unwrap();
            let places = batch.locations.get(0);
            content.add(index, &encode(&batch.states.get(0), &places.select(1, 0)), &places).unwrap();
        }
        content.solve().unwrap()
    }

    #[test]
    fn pixels_tell_the_distractor_and_the_dots_place_does_not() {
        let read_out = |features: i64, encode: fn(&Tensor, &Tensor) -> Tensor| {
            found(&Code::new(features, &[]), encode).noise_r2.unwrap()
        };
        let pixels = read_out(784, |images, _| images.flatten(1, -1));
        assert!(pixels > 0.95 && pixels <= 1.0, "{pixels}");
        let place = read_out(2, |_, positions| positions.shallow_clone());
        assert!(place.abs() < 0.02, "{place}");
        let constant =
            read_out(3, |images, _| Tensor::ones([images.size()[0], 3], (Kind::Float, Device::Cpu)));
        assert!(constant.abs() < 0.02, "{constant}");
    }

    #[test]
    fn each_part_is_read_on_its_own() {
        let parts =
            [Part { name: "image", start: 0, count: 784 }, Part { name: "place", start: 784, count: 2 }];
        let found = found(&Code::new(786, &parts), |images, positions| {
            Tensor::cat(&[images.flatten(1, -1), positions.shallow_clone()], 1)
        });
        let [image, place] = found.parts.try_into().unwrap();
        assert!(image.name == "image" && image.noise_r2.unwrap() > 0.95, "{image:?}");
        assert!(place.name == "place" && place.noise_r2.unwrap().abs() < 0.02, "{place:?}");
        assert!(place.places[0].dot == "dot" && place.places[0].r2 > 0.999, "{place:?}");
        assert!(place.places[0].r2 > image.places[0].r2, "{image:?}");
    }

    #[test]
    fn without_a_fixed_distractor_or_a_second_batch_there_is_nothing_to_say() {
        let world = |static_noise| {
            Dots::new(DotsSettings { frames: 2, batch_size: 4, static_noise, ..DotsSettings::default() })
                .unwrap()
        };
        for (static_noise, batches) in [(0.0, 4), (1.0, 1)] {
            let world = world(static_noise);
            let mut content = Content::new(&world, batches, &Code::new(2, &[]));
            let ones = |sizes: &[i64]| Tensor::ones(sizes, (Kind::Float, Device::Cpu));
            (0..batches).for_each(|index| content.add(index, &ones(&[4, 2]), &ones(&[4, 1, 2])).unwrap());
            assert_eq!(content.solve().unwrap().noise_r2, None);
        }
    }
}
