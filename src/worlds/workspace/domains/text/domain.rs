//! The frozen text domain.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use tch::{Device, Kind, Tensor};

use super::{Said, SentenceSource, TextSettings, TextVae};
use crate::training::load_model_tensors;
use crate::worlds::workspace::data::captions::{Choices, GRAMMAR_HEADS, PHRASE_HEADS, Phrases};
use crate::worlds::workspace::domains::{Activation, Decoded, Domain, Items, Part, PartLoss, Sentence};

/// The means of the posteriors of a trained autoencoder of sentences.
pub struct TextDomain {
    vae: TextVae,
    source: SentenceSource,
    width: i64,
}

impl TextDomain {
    /// The autoencoder of these settings in a checkpoint of `ShapesText`.
    ///
    /// # Errors
    /// When the checkpoint cannot be read or holds another model, or vectors of sentences are
    /// missing.
    pub fn load(settings: &TextSettings, checkpoint: &Path, device: Device) -> Result<Self> {
        let source = SentenceSource::open(settings)?;
        let vae = TextVae::new(settings, source.width(), 0, device);
        let does_not_fit = || format!("{} does not fit the settings under `text`", checkpoint.display());
        vae.parameters.assign(&load_model_tensors(checkpoint)?).with_context(does_not_fit)?;
        Ok(Self { vae, source, width: settings.z_size as i64 })
    }
}

impl Domain for TextDomain {
    fn name(&self) -> &str {
        "t"
    }

    fn parts(&self) -> Vec<Part> {
        vec![Part {
            name: "z",
            width: self.width,
            activation: Activation::Symlog,
            loss: PartLoss::SquaredError,
        }]
    }

    fn encode(&self, items: &Items, picked: Range<usize>) -> Result<Vec<Tensor>> {
        let rows: Vec<usize> = picked.collect();
        let sentences = self.source.read(items, &rows)?.to_device(self.vae.parameters.device());
        Ok(vec![self.vae.encode(&sentences).mean])
    }

    fn decode(&self, latents: &[Tensor]) -> Decoded {
        Decoded::Sentences(sentences(&self.vae.say(&latents[0])))
    }
}

/// The sentences that latents say. A network of vectors tells no phrases: there they are those of
/// the attributes.
pub fn sentences(said: &Said) -> Vec<Sentence> {
    let grammar = bytes::<GRAMMAR_HEADS>(&said.grammar);
    let choices = grammar.iter().map(Choices::of_grammar);
    match &said.phrases {
        Some(phrases) => {
            let phrases = bytes::<{ PHRASE_HEADS.len() }>(phrases);
            let pair = |(choices, classes): (Choices, &_)| Sentence {
                choices,
                phrases: Phrases::of_classes(&choices, classes),
            };
            choices.zip(&phrases).map(pair).collect()
        }
        None => {
            let shapes = said.shapes();
            let pair = |(choices, shape)| Sentence { choices, phrases: Phrases::of(shape, &choices) };
            choices.zip(&shapes).map(pair).collect()
        }
    }
}

/// Rows of K classes `[N, K]`.
fn bytes<const K: usize>(classes: &Tensor) -> Vec<[u8; K]> {
    let classes = classes.to_device(Device::Cpu).to_kind(Kind::Uint8).contiguous();
    let flat = Vec::<u8>::try_from(classes.flatten(0, -1)).expect("bytes");
    flat.as_chunks::<K>().0.to_vec()
}
