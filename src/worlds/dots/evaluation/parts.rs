//! What each part of a code holds.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::noise_probe::NoiseProbe;
use super::read_out::ReadOut;
use crate::charts::format::fraction;
use crate::runs::Score;
use crate::worlds::dots::data::{Dots, Role};
use crate::worlds::dots::models::{Part, WorldModel};

/// What a part of a code holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartDiagnostics {
    pub name: String,
    /// The share of its variance that lies between sequences.
    pub slow_feature_ratio: Option<f64>,
    /// R^2 of the noise probe on it, in worlds with a fixed distractor.
    pub noise_r2: Option<f64>,
    /// R^2 of the place of each dot, read from it by a linear map.
    pub places: Vec<PlaceR2>,
}

/// R^2 of the place of a dot, the mean of both coordinates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceR2 {
    pub dot: String,
    pub r2: f64,
}

impl PartDiagnostics {
    /// Its diagnostics as scores.
    pub fn scores(&self) -> impl Iterator<Item = Score> + '_ {
        let key = |of: &str| format!("parts.{}.{of}", self.name);
        let title = |of: &str| format!("{of}, {} features", self.name);
        let lower = |of: &str, value: Option<f64>, named: &str| {
            Some(Score::lower(&key(of), value?, "", &title(named)))
        };
        let ratio = lower("slow_feature_ratio", self.slow_feature_ratio, "slow-feature ratio");
        let noise = lower("noise_r2", self.noise_r2, "noise read-out R2");
        let places = self.places.iter().map(move |place| {
            let of = format!("{}_r2", place.dot.replace(' ', "_"));
            Score::higher(&key(&of), place.r2, "", &title(&format!("R2 of the {}", place.dot)))
        });
        ratio.into_iter().chain(noise).chain(places)
    }

    /// One line.
    pub fn line(&self) -> String {
        let ratio = self.slow_feature_ratio.map(|ratio| format!("slow-feature ratio {}", fraction(ratio, 2)));
        let noise = self.noise_r2.map(|r2| format!("noise read-out R2 {}", fraction(r2, 2)));
        let places = self.places.iter().map(|place| format!("{} R2 {}", place.dot, fraction(place.r2, 2)));
        let all: Vec<String> = ratio.into_iter().chain(noise).chain(places).collect();
        format!("{} features: {}", self.name, all.join(" | "))
    }
}

/// Linear maps from each part of a code to the distractor and to the places of dots.
pub struct PartProbes<'a> {
    world: &'a Dots,
    parts: Vec<(Part, NoiseProbe<'a>, ReadOut)>,
}

impl<'a> PartProbes<'a> {
    /// Probes for the first `batches` batches of `stream`; none for a code in one piece.
    pub fn new(world: &'a Dots, stream: &'static str, batches: u64, model: &dyn WorldModel) -> Self {
        let (device, numbers) = (model.parameters().device(), 2 * world.roles().len() as i64);
        let probes = |part: Part| {
            let noise = NoiseProbe::new(world, stream, batches, part.count, device);
            (part, noise, ReadOut::new([part.count, numbers], batches, device))
        };
        Self { world, parts: model.parts().into_iter().map(probes).collect() }
    }

    /// Adds the encodings `[B, D]` of the first frames of batch `index`, and the places of dots
    /// there, `[B, dots, 2]`.
    ///
    /// # Errors
    /// When libtorch cannot copy the distractor's projections to the device.
    pub fn add(&mut self, index: u64, encodings: &Tensor, places: &Tensor) -> Result<()> {
        for (part, noise, read_out) in &mut self.parts {
            let features = part.of(encodings);
            noise.add(index, &features)?;
            read_out.add(index, &features, &places.flatten(1, 2));
        }
        Ok(())
    }

    /// What each part holds, but for the slow-feature ratio; empty with a single batch.
    ///
    /// # Errors
    /// When the encodings are not finite.
    pub fn solve(self) -> Result<Vec<PartDiagnostics>> {
        let roles = self.world.roles();
        let solved = |(part, noise, read_out): (Part, NoiseProbe, ReadOut)| {
            let Some(of_coordinates) = read_out.r2()? else { return Ok(None) };
            let place = |(role, both): (&Role, &[f64])| PlaceR2 {
                dot: if roles.len() == 1 { "dot" } else { role.name() }.into(),
                r2: (both[0] + both[1]) / 2.0,
            };
            let places = roles.iter().zip(of_coordinates.chunks(2)).map(place).collect();
            let (name, noise_r2) = (part.name.into(), noise.r2()?);
            Ok(Some(PartDiagnostics { name, slow_feature_ratio: None, noise_r2, places }))
        };
        self.parts.into_iter().filter_map(|part| solved(part).transpose()).collect()
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::nn::{Mode, Parameters};
    use crate::worlds::dots::data::{DotsSettings, Trajectories};
    use crate::worlds::dots::models::LossOutput;

    const BATCHES: u64 = 40;

    /// A code whose first part is the image and whose second part is the place of the dot.
    struct Pixels(Parameters);

    impl WorldModel for Pixels {
        fn parameters(&self) -> &Parameters {
            &self.0
        }

        fn embedding(&self) -> i64 {
            786
        }

        fn parts(&self) -> Vec<Part> {
            vec![Part { name: "image", start: 0, count: 784 }, Part { name: "place", start: 784, count: 2 }]
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

    #[test]
    fn each_part_is_read_on_its_own() {
        let settings =
            DotsSettings { frames: 2, static_noise: 1.0, normalize: true, ..DotsSettings::default() };
        let world = Dots::new(settings).unwrap();
        let model = Pixels(Parameters::new(Device::Cpu, 0));
        let mut probes = PartProbes::new(&world, "ridge", BATCHES, &model);
        for index in 0..BATCHES {
            let batch = Trajectories::new(&world.batch("ridge", index, 1), Device::Cpu).unwrap();
            let places = batch.locations.get(0);
            let images = batch.states.get(0).flatten(1, -1).to_kind(Kind::Float);
            probes.add(index, &Tensor::cat(&[images, places.flatten(1, 2)], 1), &places).unwrap();
        }
        let [image, place] = probes.solve().unwrap().try_into().unwrap();
        assert!(image.name == "image" && image.noise_r2.unwrap() > 0.95, "{image:?}");
        assert!(place.name == "place" && place.noise_r2.unwrap().abs() < 0.02, "{place:?}");
        assert!(place.places[0].dot == "dot" && place.places[0].r2 > 0.999, "{place:?}");
        assert!(place.places[0].r2 > image.places[0].r2, "{image:?}");
    }
}
