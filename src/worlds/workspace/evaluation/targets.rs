//! Scores of predicted latents, by the kind of data that they stand for.

use tch::{Device, Kind, Tensor, no_grad};

use super::attributes::AttributeErrors;
use super::captions::{self, agreement};
use super::known::{KnownItems, Specialist};
use super::reader::Reader;
use super::score_table::Column;
use crate::worlds::workspace::data::{Shape, render_all};
use crate::worlds::workspace::domains::{Decoded, Sentence};

/// Items whose pictures are compared at once.
const CHUNK: i64 = 500;

/// The columns of attributes.
pub const ATTRIBUTES: [Column; 6] = [
    Column::percent("class", "class %"),
    Column::error("x_px", "x px", "px", 2),
    Column::error("y_px", "y px", "px", 2),
    Column::error("size_px", "size px", "px", 2),
    Column::error("angle_deg", "angle deg", "deg", 1),
    Column::error("rgb", "RGB", "of 255", 1),
];
const PIXEL_ERROR: Column = Column::error("pixel_error", "pixel error", "", 4);
const GRAMMAR: Column = Column::percent("grammar", "grammar %");

/// The kind of data that a domain's latents stand for.
pub enum Target<'a> {
    /// Attributes.
    Shapes,
    /// Pictures, whose latents the reader reads if there are attributes to fit it to.
    Images(Option<&'a PictureReader>),
    /// Captions. The grammar of each item, as it is decoded from the true latent.
    Captions(Vec<Sentence>),
}

/// A reader of the latents of pictures, with the domain of its attributes.
pub struct PictureReader {
    pub reader: Reader,
    /// The attribute domain among the specialists.
    pub attributes: usize,
}

impl PictureReader {
    /// The shapes that latents `[N, w]` say.
    pub fn shapes(&self, specialists: &[Specialist], latents: &Tensor) -> Vec<Shape> {
        match specialists[self.attributes].domain.decode(&self.reader.read(latents)) {
            Decoded::Shapes(shapes) => shapes,
            _ => unreachable!("a reader reads attributes"),
        }
    }
}

impl Target<'_> {
    /// The heading of the table.
    pub fn title(&self, name: &str) -> String {
        match self {
            Self::Shapes => format!("to {name} (attributes)"),
            Self::Images(_) => format!("to {name} (pictures)"),
            Self::Captions(_) => format!("to {name} (captions)"),
        }
    }

    /// The columns of its scores.
    pub fn columns(&self) -> Vec<Column> {
        match self {
            Self::Shapes => ATTRIBUTES.to_vec(),
            Self::Images(None) => vec![PIXEL_ERROR],
            Self::Images(Some(_)) => [&[PIXEL_ERROR][..], &ATTRIBUTES].concat(),
            Self::Captions(_) => [&captions::COLUMNS[..], &[GRAMMAR]].concat(),
        }
    }

    /// The scores of latents `[N, width]` of `domain`, predicted for `truth`, one for each column.
    pub fn scores(
        &self,
        specialists: &[Specialist],
        domain: usize,
        truth: &KnownItems,
        latents: &Tensor,
    ) -> Vec<f64> {
        let specialist = &specialists[domain];
        let decode =
            |latents: &Tensor| no_grad(|| specialist.domain.decode(&specialist.layout.split(latents)));
        match self {
            Self::Images(reader) => {
                let error = pixel_error(truth.shapes(), latents, |latents| match decode(latents) {
                    Decoded::Images(images) => images,
                    _ => unreachable!("pictures decode to images"),
                });
                let read = reader.map(|reader| reader.shapes(specialists, latents));
                let attributes = read.map_or(vec![], |read| of_shapes(truth.shapes(), &read));
                [vec![error], attributes].concat()
            }
            Self::Shapes => match decode(latents) {
                Decoded::Shapes(found) => of_shapes(truth.shapes(), &found),
                _ => unreachable!("attributes decode to shapes"),
            },
            Self::Captions(true_grammar) => match decode(latents) {
                Decoded::Sentences(said) => of_sentences(truth.shapes(), true_grammar, &said),
                _ => unreachable!("captions decode to sentences"),
            },
        }
    }
}

/// The errors of shapes, one for each of [`ATTRIBUTES`].
pub fn of_shapes(truth: &[Shape], found: &[Shape]) -> Vec<f64> {
    AttributeErrors::new(truth, found).columns().map(|(_, error)| error).to_vec()
}

/// The agreement of sentences with shapes, and of their grammar with that of the true latents.
fn of_sentences(shapes: &[Shape], truth: &[Sentence], said: &[Sentence]) -> Vec<f64> {
    let phrases: Vec<_> = said.iter().map(|sentence| sentence.phrases).collect();
    let mut scores = agreement(shapes, &phrases);
    scores.push(grammar(truth, said));
    scores
}

/// The share of classes of the grammar that agree, in percent.
fn grammar(truth: &[Sentence], said: &[Sentence]) -> f64 {
    let share = |(a, b): (&Sentence, &Sentence)| {
        let (a, b) = (a.choices.grammar(), b.choices.grammar());
        a.iter().zip(&b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64
    };
    100.0 * truth.iter().zip(said).map(share).sum::<f64>() / truth.len() as f64
}

/// The mean squared error of intensities in [0, 1] between the pictures of `shapes` and those that
/// `draw` makes of latents `[N, width]`.
fn pixel_error(shapes: &[Shape], latents: &Tensor, draw: impl Fn(&Tensor) -> Tensor) -> f64 {
    let mut sum = 0.0;
    for (chunk, latents) in shapes.chunks(CHUNK as usize).zip(latents.split(CHUNK, 0)) {
        sum += squared_error(&intensities(chunk, latents.device()), &draw(&latents));
    }
    sum / shapes.len() as f64
}

/// The intensities `[N, 3, 32, 32]` in [0, 1] of the pictures of shapes.
pub fn intensities(shapes: &[Shape], device: Device) -> Tensor {
    render_all(shapes).to_device(device).to_kind(Kind::Float) / 255.0
}

/// The squared error of pictures `[N, 3, 32, 32]`, a mean over pixels and a sum over pictures.
pub fn squared_error(truth: &Tensor, drawn: &Tensor) -> f64 {
    let error = (truth - drawn).square().mean(Kind::Double).double_value(&[]);
    error * truth.size()[0] as f64
}
