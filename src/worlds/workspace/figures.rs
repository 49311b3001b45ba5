//! Figures of a workspace: translations, captions, and pictures along lines in its states.

use anyhow::Result;
use tch::{Device, Tensor, no_grad};

use super::data::Shape;
use super::data::captions::sentence;
use super::domains::vision::{plane_figure, row};
use super::domains::{Decoded, Items, Sentence};
use super::evaluation::{Evaluator, KnownItems, Passage, Specialist};
use super::models::Workspace;
use crate::charts::{Figure, FrameGrid, FrameRow};
use crate::native::normals;
use umwelt_base::random::Stream;

/// Items in the figure of translations, and in that of captions.
const SHOWN: usize = 32;
const CAPTIONED: usize = 8;
/// The room for captions beside a picture.
const CAPTION_ROOM: f64 = 620.0;

/// The figures of `workspace` on validation items.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn all(evaluator: &Evaluator, workspace: &Workspace, seed: u64) -> Result<Vec<(&'static str, Figure)>> {
    let Evaluator { specialists, validation, .. } = evaluator;
    no_grad(|| {
        let captions = captions(specialists, validation, workspace)?;
        let states = states(specialists, workspace, seed)?;
        Ok([
            vec![("translations", translations(specialists, validation, workspace)?)],
            captions.map(|figure| ("captions", figure)).into_iter().collect(),
            states.map(|figure| ("states", figure)).into_iter().collect(),
        ]
        .concat())
    })
}

/// The true pictures above those of each way through the workspace. Attributes and captions are
/// drawn again from what they say.
fn translations(specialists: &[Specialist], truth: &KnownItems, workspace: &Workspace) -> Result<Figure> {
    let shown = SHOWN.min(truth.shapes().len());
    let latents = first(truth, shown);
    let mut rows = vec![row("true pictures", &pictures_of(&truth.shapes()[..shown]))?];
    for to in 0..specialists.len() {
        for passage in Passage::all_to(to, specialists.len()) {
            let predicted = passage.predict(workspace, &latents);
            if let Some(pictures) = pictures(decode(&specialists[to], &predicted)) {
                rows.push(row(&passage.label(workspace), &pictures)?);
            }
        }
    }
    FrameGrid { title: "Translations of validation items".into(), rows, ..FrameGrid::default() }.figure()
}

/// Pictures with their true captions and with those that the workspace says; `None` without
/// captions.
fn captions(specialists: &[Specialist], truth: &KnownItems, workspace: &Workspace) -> Result<Option<Figure>> {
    let shown = CAPTIONED.min(truth.shapes().len());
    let latents = first(truth, shown);
    let Some(to) = workspace.domain("t") else { return Ok(None) };
    let mut said = vec![("true".to_owned(), true_captions(&truth.items, shown))];
    for passage in Passage::all_to(to, specialists.len()).into_iter().filter(|way| way.through.is_none()) {
        if let Decoded::Sentences(sentences) = decode(&specialists[to], &passage.predict(workspace, &latents))
        {
            said.push((passage.label(workspace), sentences.iter().map(text).collect()));
        }
    }
    let images = pictures_of(&truth.shapes()[..shown]);
    let row = |item: usize| {
        let lines: Vec<String> = said.iter().map(|(way, texts)| format!("{way}: {}", texts[item])).collect();
        row(&lines.join("\n"), &images.narrow(0, item as i64, 1))
    };
    let rows: Vec<FrameRow> = (0..shown).map(row).collect::<Result<_>>()?;
    let title = "Captions of validation pictures".into();
    FrameGrid { title, rows, label_room: CAPTION_ROOM, ..FrameGrid::default() }.figure().map(Some)
}

/// Pictures decoded from states, over two numbers of the state; `None` without pictures.
fn states(specialists: &[Specialist], workspace: &Workspace, seed: u64) -> Result<Option<Figure>> {
    let Some(domain) = workspace.domain("v") else { return Ok(None) };
    let numbers = workspace.size();
    let device = workspace.parameters.device();
    let fixed = normals(&[1, numbers], device, Stream::new(seed, "workspace/states").at(&[]).bits());
    let draw =
        |states: &Tensor| pictures(decode(&specialists[domain], &workspace.decode(domain, &states.tanh())));
    if draw(&fixed).is_none() {
        return Ok(None);
    }
    let drawn = |states: &Tensor| draw(states).expect("a domain decodes all latents alike");
    plane_figure("Pictures of states, before tanh", &fixed, (0, 1.min(numbers - 1)), drawn).map(Some)
}

/// The latents of the first items.
fn first(truth: &KnownItems, count: usize) -> Vec<Tensor> {
    truth.latents.iter().map(|latents| latents.narrow(0, 0, count as i64)).collect()
}

fn decode(specialist: &Specialist, latents: &Tensor) -> Decoded {
    specialist.domain.decode(&specialist.layout.split(latents))
}

/// Intensities `[N, 3, 32, 32]` of decoded latents; `None` where they are of nothing known.
fn pictures(decoded: Decoded) -> Option<Tensor> {
    Some(match decoded {
        Decoded::Images(images) => images,
        Decoded::Shapes(shapes) => pictures_of(&shapes),
        Decoded::Sentences(said) => {
            let shapes: Vec<Shape> = said.iter().map(|sentence| sentence.phrases.attributes()).collect();
            pictures_of(&shapes)
        }
        Decoded::Unknown => return None,
    })
}

fn pictures_of(shapes: &[Shape]) -> Tensor {
    super::evaluation::intensities(shapes, Device::Cpu)
}

fn true_captions(items: &Items, count: usize) -> Vec<String> {
    let items = items.shapes.iter().zip(&items.choices).take(count);
    items.map(|(shape, choices)| super::data::captions::caption(shape, choices)).collect()
}

fn text(said: &Sentence) -> String {
    sentence(&said.choices, &said.phrases)
}
