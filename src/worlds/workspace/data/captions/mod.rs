//! Captions: sentences as a pure function of a shape and of choices of style.
//!
//! A [`Choices`] value holds a choice for everything in a sentence that the shape leaves open, and
//! [`Phrases`] holds the phrases that say the attributes. Both together make the sentence, and both
//! are classes that a text model can learn to read: the classes of the grammar ([`heads`]) and the
//! classes of the phrases ([`PHRASE_HEADS`]).

mod choices;
mod grammar;
mod ngrams;
mod options;
mod pattern;
mod phrases;
mod record;
mod sentence;
mod templates;
mod text;
mod tokens;
mod writers;

#[cfg(test)]
mod tests;

pub use choices::{Choices, LocationChoices, RotationChoices};
pub use grammar::{GRAMMAR_HEADS, heads, published_targets};
pub use ngrams::ngrams;
pub use phrases::{PHRASE_HEADS, Phrase, Phrases};
pub use record::Record;
pub use sentence::{caption, sentence};
pub use tokens::{PADDING, TOKENS, decode, encode, vocabulary};
pub use writers::colour::COLOURS;

use umwelt_base::random::Stream;

/// Names and options of the variants of a text.
type Variants = &'static [(&'static str, &'static [&'static str])];

/// The random stream of the choices of a split (`train`, `val`, `test`): item i draws them from
/// `at(&[i])`.
pub fn stream(seed: u64, split: &str) -> Stream {
    Stream::new(seed, &format!("workspace/{split}/captions"))
}

/// The index of a variant.
///
/// # Panics
/// If there is none of that name: a mistake in the tables of this module.
fn index_of(variants: Variants, name: &str) -> usize {
    let found = variants.iter().position(|(variant, _)| *variant == name);
    found.unwrap_or_else(|| panic!("no variant is named {name}"))
}
