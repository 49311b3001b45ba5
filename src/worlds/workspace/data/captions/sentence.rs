//! Sentences from choices and phrases.

use super::choices::Choices;
use super::pattern::{Pattern, Piece};
use super::phrases::Phrases;
use super::templates::{GRAMMAR, Slot};
use super::text::Text;
use super::writers::colour::COLOURS;
use super::writers::{location, rotation, shape, size};
use crate::worlds::workspace::data::Shape;

/// The sentence that `choices` make about `shape`.
///
/// # Panics
/// If the class of `shape` is above 2.
pub fn caption(shape: &Shape, choices: &Choices) -> String {
    sentence(choices, &Phrases::of(shape, choices))
}

/// The sentence of the style of `choices` with the phrases `phrases`, whose writers count.
///
/// # Panics
/// If an index is not below the number of options or phrases.
pub fn sentence(choices: &Choices, phrases: &Phrases) -> String {
    let mut composer = Composer { text: Text::new(), choices, phrases };
    composer.write(&choices.template().pattern);
    composer.text.finish()
}

struct Composer<'a> {
    text: Text,
    choices: &'a Choices,
    phrases: &'a Phrases,
}

impl Composer<'_> {
    fn write(&mut self, pattern: &Pattern<Slot>) {
        for piece in pattern.pieces() {
            match piece {
                Piece::Text(text) => self.text.push(text),
                Piece::Slot(slot) => self.fill(*slot),
            }
        }
    }

    fn fill(&mut self, slot: Slot) {
        let Self { choices, phrases, .. } = *self;
        match slot {
            Slot::Variant(i) => self.write(&GRAMMAR.variants[i][usize::from(choices.variants[i])]),
            Slot::Position(position) => {
                let template = choices.template();
                let group = template.orders[usize::from(choices.order)][position];
                self.fill(template.groups[usize::from(group)]);
            }
            Slot::Article => self.text.end_article(),
            Slot::Shape => self.text.push_attribute(shape::PHRASES[usize::from(phrases.shape)]),
            Slot::Size => self.text.push_attribute(size::PHRASES[usize::from(phrases.size)]),
            Slot::Colour => self.text.push_attribute(COLOURS.names[usize::from(phrases.colour)]),
            Slot::Rotation => {
                let writer = &rotation::WRITERS[usize::from(phrases.rotation.writer)];
                let pattern = &writer.phrases[usize::from(phrases.rotation.index)];
                self.text.push_pattern(pattern, writer.variants, &choices.rotation.variants);
            }
            Slot::Location => {
                let writer = &location::WRITERS[usize::from(phrases.location.writer)];
                let pattern = &writer.phrases[usize::from(phrases.location.index)];
                self.text.push_pattern(pattern, writer.variants, &choices.location.variants);
            }
        }
    }
}
