//! The page `/worlds/workspace` of `umwelt serve`: a shape is set by sliders, and the workspace says
//! from its attributes, its picture or its caption what the others are, and what they are again.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor, no_grad};
use umwelt_base::UserError;
use umwelt_serve::models::parsed;
use umwelt_serve::{EmbeddedFile, Model};

use super::Settings;
use super::data::captions::{Choices, caption, sentence, stream};
use super::data::{CLASSES, IMAGE_SIDE, Shape, ShapesSettings, render_all, rgb_of_hls};
use super::domains::{Decoded, Items};
use super::evaluation::Specialist;
use super::models::Workspace;
use super::task::domain;
use crate::nn::Parameters;
use crate::training::load_model_tensors;
use crate::worlds::rooms::{TrainedRun, WorldRoom};

#[derive(rust_embed::RustEmbed)]
#[folder = "src/worlds/workspace/web/"]
struct Web;

/// A trained workspace with its domains.
struct Translator {
    workspace: Workspace,
    specialists: Vec<Specialist>,
    shapes: ShapesSettings,
}

/// A shape. Lengths are pixels, and y points up; the rotation is in degrees, counter-clockwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    class: u8,
    x: f32,
    y: f32,
    size: f32,
    rotation: f32,
    hue: u8,
    lightness: u8,
    saturation: u8,
    /// The number of the wording of the caption.
    wording: u64,
}

impl WorldRoom for Settings {
    const ROOM: &'static str = "worlds/workspace";
    const TITLE: &'static str = "Workspace";
    const OPENS: &'static [&'static str] = &["GW"];

    fn file(name: &str) -> Option<EmbeddedFile> {
        Web::get(name)
    }

    fn open(&self, run: &TrainedRun) -> Result<Box<dyn Model>> {
        let specialist = |name: &String| Ok(Specialist::new(domain(self, name, Device::Cpu, &run.inputs)?));
        let specialists: Vec<Specialist> = self.gw.domains.iter().map(specialist).collect::<Result<_>>()?;
        let layouts = specialists.iter().map(|specialist| specialist.layout.clone()).collect();
        let workspace = Workspace::new(Parameters::new(Device::Cpu, run.keys.seed), layouts, &self.gw);
        workspace.parameters.assign(&load_model_tensors(&run.checkpoint)?)?;
        Ok(Box::new(Translator { workspace, specialists, shapes: self.shapes.clone() }))
    }
}

impl Model for Translator {
    fn described(&mut self) -> Result<Value> {
        let shapes = &self.shapes;
        let margin = shapes.max_scale as f32 / 2.0;
        let names: Vec<&str> = self.workspace.domains().iter().map(|domain| domain.name.as_str()).collect();
        Ok(json!({
            "classes": CLASSES,
            "place": [margin, IMAGE_SIDE as f32 - margin],
            "size": [shapes.min_scale, shapes.max_scale],
            "rotation": [shapes.min_rotation, shapes.max_rotation],
            "hue": [shapes.min_hue, shapes.max_hue],
            "lightness": [shapes.min_lightness, shapes.max_lightness],
            "domains": names,
        }))
    }

    fn answer(&mut self, question: Value) -> Result<Value> {
        let question: Question = parsed(question)?;
        let shape = question.shape()?;
        let choices = Choices::draw(&shape, &mut stream(0, "asked").at(&[question.wording]));
        let items = Items::one(shape, choices, self.shapes.unpaired_dim);
        let sources = (0..self.specialists.len()).map(|from| no_grad(|| self.source(from, &items)));
        let truth = json!({"caption": caption(&shape, &choices), "picture": rendered(&shape)?, "shape": attributes(&shape)});
        Ok(json!({"truth": truth, "sources": sources.collect::<Result<Vec<_>>>()?}))
    }
}

impl Translator {
    /// All that the workspace says from the latent of a domain; without a latent, the reason.
    fn source(&self, from: usize, items: &Items) -> Result<Value> {
        let name = &self.workspace.domains()[from].name;
        let specialist = &self.specialists[from];
        // A domain of imported latents has none of an item that was just made.
        let parts = match specialist.domain.encode(items, 0..1) {
            Ok(parts) => parts,
            Err(error) => return Ok(json!({"from": name, "error": format!("{error:#}")})),
        };
        let latents = specialist.layout.join(&parts);
        let all = 0..self.specialists.len();
        let to = all.clone().map(|to| self.said(to, None, &self.workspace.translate(from, to, &latents)));
        let others = all.filter(|through| *through != from);
        let back = others
            .map(|through| self.said(from, Some(through), &self.workspace.cycle(from, through, &latents)));
        Ok(json!({"from": name, "to": to.chain(back).collect::<Result<Vec<_>>>()?}))
    }

    /// What latents `[1, width]` of a domain stand for, after a way through another domain or not.
    fn said(&self, domain: usize, through: Option<usize>, latents: &Tensor) -> Result<Value> {
        let specialist = &self.specialists[domain];
        let name = |domain: usize| &self.workspace.domains()[domain].name;
        let mut said = match specialist.domain.decode(&specialist.layout.split(latents)) {
            Decoded::Images(images) => json!({"picture": picture(&(images * 255.0).round())?}),
            Decoded::Shapes(shapes) => {
                json!({"shape": attributes(&shapes[0]), "picture": rendered(&shapes[0])?})
            }
            Decoded::Sentences(said) => json!({"caption": sentence(&said[0].choices, &said[0].phrases)}),
            Decoded::Unknown => json!({}),
        };
        said["to"] = name(domain).as_str().into();
        said["through"] = through.map(|through| name(through).as_str()).into();
        Ok(said)
    }
}

impl Question {
    fn shape(&self) -> Result<Shape, UserError> {
        let side = IMAGE_SIDE as f32;
        let bounds = [
            ("class", f32::from(self.class), 0.0, CLASSES.len() as f32 - 1.0),
            ("x", self.x, 0.0, side),
            ("y", self.y, 0.0, side),
            ("size", self.size, 1.0, side),
            ("rotation", self.rotation, -360.0, 360.0),
            ("hue", f32::from(self.hue), 0.0, 180.0),
        ];
        if let Some((name, value, low, high)) =
            bounds.into_iter().find(|(_, value, low, high)| !(*low..=*high).contains(value))
        {
            return Err(UserError(format!("{name} is {value}; choose from {low} to {high}")));
        }
        let hls = [self.hue, self.lightness, self.saturation];
        let rotation = self.rotation.to_radians().rem_euclid(std::f32::consts::TAU);
        let (class, x, y, size) = (self.class, self.x, self.y, self.size);
        Ok(Shape { class, x, y, size, rotation, rgb: rgb_of_hls(hls), hls })
    }
}

/// A shape for people, its rotation in degrees.
fn attributes(shape: &Shape) -> Value {
    let class = CLASSES[usize::from(shape.class)];
    let rotation = shape.rotation.to_degrees();
    json!({"class": class, "x": shape.x, "y": shape.y, "size": shape.size, "rotation": rotation, "rgb": shape.rgb})
}

/// The picture of a shape, pixel by pixel.
fn rendered(shape: &Shape) -> Result<Vec<u8>> {
    picture(&render_all(&[*shape]))
}

/// An image `[1, 3, 32, 32]` of values from 0 to 255 as bytes, pixel by pixel.
fn picture(image: &Tensor) -> Result<Vec<u8>> {
    let pixels = image.squeeze_dim(0).permute([1, 2, 0]).clamp(0.0, 255.0).to_kind(Kind::Uint8);
    Ok(Vec::try_from(pixels.contiguous().flatten(0, -1))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(change: Value) -> Result<Shape> {
        let mut whole = json!({
            "class": 1, "x": 16.0, "y": 8.0, "size": 10.0, "rotation": -90.0,
            "hue": 60, "lightness": 128, "saturation": 255, "wording": 0,
        });
        for (key, value) in change.as_object().unwrap() {
            whole[key] = value.clone();
        }
        Ok(parsed::<Question>(whole)?.shape()?)
    }

    #[test]
    fn a_shape_has_a_rotation_within_a_turn_and_the_colour_of_its_hue() {
        let shape = question(json!({})).unwrap();
        assert!((shape.rotation - 4.712_389).abs() < 1e-5);
        assert_eq!((shape.rgb, shape.hls), (rgb_of_hls([60, 128, 255]), [60, 128, 255]));
        assert_eq!(attributes(&shape)["class"], "egg");
    }

    #[test]
    fn shapes_that_no_data_hold_are_refused_by_name() {
        let cases = [
            ("class", json!(3)),
            ("x", json!(1e300)),
            ("y", json!(-1)),
            ("size", json!(0)),
            ("hue", json!(181)),
        ];
        for (key, value) in cases {
            let error = question(json!({key: value})).unwrap_err().to_string();
            assert!(error.starts_with(key) && error.contains("; choose from"), "{error}");
        }
        assert!(question(json!({"lightness": 256})).is_err() && question(json!({"more": 1})).is_err());
    }

    #[test]
    fn a_picture_is_its_pixels_row_by_row_with_red_green_and_blue_of_each() {
        let shape = question(json!({"x": 20.0, "size": 14.0, "rotation": 0.0})).unwrap();
        let (pixels, image) = (rendered(&shape).unwrap(), render_all(&[shape]));
        for (row, column, colour) in [(24, 20, 0), (24, 20, 1), (24, 21, 2), (0, 0, 0)] {
            let expected = image.int64_value(&[0, colour, row, column]) as u8;
            assert_eq!(pixels[(3 * (32 * row + column) + colour) as usize], expected);
        }
    }
}
