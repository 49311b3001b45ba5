//! The writers: an attribute of a shape as a phrase (Section 2.2 of the specification).

pub mod colour;
pub mod location;
pub mod rotation;
pub mod shape;
pub mod size;

use super::pattern::Pattern;
use super::{Variants, index_of};

/// Phrases with variants: the phrase says the attribute, the variants are style.
pub struct Writer {
    pub variants: Variants,
    pub phrases: Vec<Pattern<usize>>,
}

impl Writer {
    fn new(variants: Variants, phrases: impl Iterator<Item = String>) -> Self {
        let parse = |text: String| Pattern::parse(&text, |name| index_of(variants, name));
        Self { variants, phrases: phrases.map(parse).collect() }
    }
}

/// Synonyms for each value of an attribute. The index of a phrase counts through all of them.
type Synonyms = [&'static [&'static str]];

fn count(synonyms: &Synonyms, value: usize) -> u8 {
    synonyms[value].len() as u8
}

/// The index of a phrase for `value`.
fn phrase(synonyms: &Synonyms, value: usize, synonym: u8) -> u8 {
    synonym + (0..value).map(|earlier| count(synonyms, earlier)).sum::<u8>()
}

/// The value that a phrase says.
fn value(synonyms: &Synonyms, phrase: u8) -> usize {
    let ends = (0..synonyms.len()).map(|value| self::phrase(synonyms, value + 1, 0));
    ends.take_while(|end| *end <= phrase).count()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_phrase_counts_through_the_synonyms_of_all_values() {
        let synonyms: &super::Synonyms = &[&["a"], &["b", "c"], &["d", "e", "f"]];
        assert_eq!(super::phrase(synonyms, 2, 1), 4);
        assert_eq!([0, 1, 2, 3, 5].map(|phrase| super::value(synonyms, phrase)), [0, 1, 1, 2, 2]);
    }
}
