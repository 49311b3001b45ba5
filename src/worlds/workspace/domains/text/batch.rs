//! Batches of sentences with their classes.

use anyhow::Result;
use tch::{Device, Tensor};

use super::{NO_CLASS, SentenceSource};
use crate::worlds::workspace::data::Shape;
use crate::worlds::workspace::data::captions::{GRAMMAR_HEADS, PHRASE_HEADS, Phrases};
use crate::worlds::workspace::domains::Items;
use crate::worlds::workspace::domains::attributes::AttributeCode;

/// Sentences with the classes that they and their shapes have.
pub struct TextBatch {
    /// Tokens `[N, 48]`, int64, for `text.encoder: conv`; vectors `[N, F]` for `features`.
    pub sentences: Tensor,
    /// The classes of the grammar, `[N, 39]`, int64.
    pub grammar: Tensor,
    /// The classes of the phrases, `[N, 7]`, int64, [`NO_CLASS`] for those of other writers.
    pub phrases: Tensor,
    /// The classes of the shapes, `[N]`, int64.
    pub class: Tensor,
    /// The other attributes in [-1, 1], `[N, 8]`.
    pub attributes: Tensor,
}

impl TextBatch {
    /// The sentences of some items, on the CPU.
    ///
    /// # Errors
    /// When the source has no sentence for an item.
    pub fn new(source: &SentenceSource, items: &Items, rows: &[usize]) -> Result<Self> {
        let shapes: Vec<Shape> = rows.iter().map(|row| items.shapes[*row]).collect();
        let (mut grammar, mut phrases) = (vec![], vec![]);
        for (row, shape) in rows.iter().zip(&shapes) {
            let choices = &items.choices[*row];
            grammar.extend(choices.grammar().map(i64::from));
            let classes = Phrases::of(shape, choices).classes();
            phrases.extend(classes.map(|class| class.map_or(NO_CLASS, i64::from)));
        }
        let [classes, attributes] = AttributeCode::default().encode(&shapes, ndarray::aview2::<f32, 0>(&[]));
        Ok(Self {
            sentences: source.read(items, rows)?,
            grammar: Tensor::from_slice(&grammar).view([-1, GRAMMAR_HEADS as i64]),
            phrases: Tensor::from_slice(&phrases).view([-1, PHRASE_HEADS.len() as i64]),
            class: classes.argmax(-1, false),
            attributes,
        })
    }

    /// The same batch on a device.
    pub fn to_device(&self, device: Device) -> Self {
        let [sentences, grammar, phrases, class, attributes] =
            [&self.sentences, &self.grammar, &self.phrases, &self.class, &self.attributes]
                .map(|tensor| tensor.to_device(device));
        Self { sentences, grammar, phrases, class, attributes }
    }
}
