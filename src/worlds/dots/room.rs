//! The page `/worlds/dots` of `umwelt serve`: a target is dragged, a trained model plans the way
//! there, and the plan is carried out in the true world.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use tch::Device;
use umwelt_base::UserError;
use umwelt_base::stop::Stop;
use umwelt_serve::models::parsed;
use umwelt_serve::{EmbeddedFile, Model};

use super::Settings;
use super::data::Dots;
use super::evaluation::{Imagination, Planner, Probe, Problems, prediction_probe, solve};
use super::models::{self, WorldModel};
use crate::datasets::Split;
use crate::training::load_model_tensors;
use crate::worlds::rooms::{TrainedRun, WorldRoom};

/// Starts to choose from.
const STARTS: usize = 32;
/// Sequences that the probe is solved from: fewer than in an evaluation, so that a page opens soon.
const SEQUENCES: usize = 2048;

#[derive(rust_embed::RustEmbed)]
#[folder = "src/worlds/dots/web/"]
struct Web;

/// A trained model with a probe that reads positions from its encodings.
struct Planning {
    world: Dots,
    model: Box<dyn WorldModel>,
    probe: Probe,
    problems: Problems,
    seed: u64,
}

/// A target for the first dot of a start, (x, y) in pixels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    start: usize,
    target: [f32; 2],
    planner: Planner,
}

impl WorldRoom for Settings {
    const ROOM: &'static str = "worlds/dots";
    const TITLE: &'static str = "Dots";

    fn file(name: &str) -> Option<EmbeddedFile> {
        Web::get(name)
    }

    fn open(&self, run: &TrainedRun) -> Result<Box<dyn Model>> {
        let model = models::build(self, &run.keys, Device::Cpu)?;
        model.parameters().assign(&load_model_tensors(&run.checkpoint)?)?;
        let world = self.world(run.keys.seed, Split::Validation, model.as_ref())?;
        let sequences = self.probing_cfg.ridge_sequences.min(SEQUENCES);
        let batches = sequences.div_ceil(self.dataset_batch_size) as u64;
        let probe = prediction_probe(&world, model.as_ref(), true, batches, &Stop::default())?;
        let problems = Problems::draw(&world, model.as_ref(), STARTS, run.keys.seed)?;
        Ok(Box::new(Planning { world, model, probe, problems, seed: run.keys.seed }))
    }
}

impl Model for Planning {
    fn described(&mut self) -> Result<Value> {
        let (low, high) = self.world.walls();
        let (dots, steps) = (self.world.roles().len(), self.problems.steps());
        Ok(json!({"walls": [low, high], "starts": STARTS, "steps": steps, "dots": dots}))
    }

    fn answer(&mut self, question: Value) -> Result<Value> {
        let Question { start, target, planner } = parsed(question)?;
        self.check(start, target)?;
        let problem = self.problems.with_target(start as i64, target);
        let (model, units) = (self.model.as_ref(), *self.world.normalisation());
        let imagination = Imagination { model, probe: &self.probe, units };
        let solution = solve(&self.world, &imagination, &problem, planner, self.seed, &Stop::default())?;
        let miss = |[x, y]: [f32; 2]| (x - target[0]).hypot(y - target[1]);
        Ok(json!({
            "frame": grey(&problem.image(0)?),
            "believed": solution.believed.0,
            "trip": solution.trip.0,
            "believed_miss": miss(solution.believed.reached()),
            "miss": miss(solution.trip.reached()),
        }))
    }
}

impl Planning {
    fn check(&self, start: usize, target: [f32; 2]) -> Result<(), UserError> {
        let (low, high) = self.world.walls();
        if start >= STARTS {
            return Err(UserError(format!("there is no start {start}; choose one below {STARTS}")));
        }
        // The page rounds what it sends.
        let inside = |place: &f32| (low - 0.1..=high + 0.1).contains(&f64::from(*place));
        match target.iter().all(inside) {
            true => Ok(()),
            false => Err(UserError(format!(
                "the target {target:?} is outside the walls; choose numbers from {low} to {high}"
            ))),
        }
    }
}

/// Pixels as grey values, the darkest 0 and the brightest 255.
fn grey(pixels: &[f32]) -> Vec<u8> {
    let (low, high) = pixels.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    let scale = 255.0 / (high - low).max(f32::MIN_POSITIVE);
    pixels.iter().map(|pixel| ((pixel - low) * scale).round() as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brightest_pixel_is_white_and_an_even_picture_black() {
        assert_eq!(grey(&[-1.0, 0.0, 1.0]), [0, 128, 255]);
        assert_eq!(grey(&[3.0, 3.0]), [0, 0]);
    }
}
