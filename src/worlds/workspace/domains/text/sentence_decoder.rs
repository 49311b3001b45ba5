//! What a sentence says, from its latent.

use tch::{Kind, Tensor};

use super::Classes;
use crate::nn::{Linear, Scope};
use crate::worlds::workspace::data::captions::{PHRASE_HEADS, heads};

const HIDDEN: i64 = 256;

/// A network from a latent to the classes of the grammar and of the phrases of its sentence.
pub struct SentenceDecoder {
    hidden: Linear,
    grammar_layer: Linear,
    phrase_layer: Linear,
    pub grammar: Classes,
    pub phrases: Classes,
}

/// The logits of the classes of sentences.
pub struct SentenceLogits {
    /// Of the 39 classes of the grammar, side by side, `[N, C]`.
    pub grammar: Tensor,
    /// Of the 7 classes of phrases, side by side, `[N, C]`.
    pub phrases: Tensor,
}

impl SentenceDecoder {
    pub fn new(scope: &Scope, z: i64) -> Self {
        let device = scope.device();
        let grammar: Vec<i64> = heads().iter().map(|(_, count)| i64::from(*count)).collect();
        let phrases = PHRASE_HEADS.map(|(_, count)| i64::from(count));
        let (grammar, phrases) = (Classes::new(&grammar, device), Classes::new(&phrases, device));
        Self {
            hidden: Linear::new(&scope.sub("hidden"), z, HIDDEN),
            grammar_layer: Linear::new(&scope.sub("grammar"), HIDDEN, grammar.total()),
            phrase_layer: Linear::new(&scope.sub("phrases"), HIDDEN, phrases.total()),
            grammar,
            phrases,
        }
    }

    /// Latents `[N, z]` -> logits
    pub fn forward(&self, latents: &Tensor) -> SentenceLogits {
        let hidden = self.hidden.forward(latents).relu();
        let logits = |layer: &Linear| layer.forward(&hidden).to_kind(Kind::Float);
        SentenceLogits { grammar: logits(&self.grammar_layer), phrases: logits(&self.phrase_layer) }
    }
}
