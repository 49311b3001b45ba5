//! Drawn captions and their classes.

mod attributes;
mod draws;
mod lengths;

use super::*;
use crate::worlds::workspace::data::{Sampler, Shape, ShapesSettings, Split};

const DRAWS: u64 = 20_000;

/// Items of the default distribution: a shape and the choices of its caption.
fn items() -> impl Iterator<Item = (Shape, Choices)> {
    let shapes = Sampler::new(&ShapesSettings::default(), 3).items(Split::Training, DRAWS as usize).shapes;
    let choices = stream(3, "train");
    let drawn = move |(shape, i): (Shape, u64)| (shape, Choices::draw(&shape, &mut choices.at(&[i])));
    shapes.into_iter().zip(0..).map(drawn)
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() < tolerance, "{what}: {found} is not {expected}");
}

/// The classes carry the whole sentence: nothing else of a caption depends on the shape or the
/// choices, of which `of_image` and unused options have no words.
#[test]
fn the_classes_of_a_caption_give_it_back() {
    for (shape, choices) in items() {
        let (grammar, phrases) = (choices.grammar(), Phrases::of(&shape, &choices));
        let read = Choices::of_grammar(&grammar);
        let classes = phrases.classes().map(|class| class.unwrap_or(200));
        assert_eq!(Phrases::of_classes(&read, &classes), phrases);
        assert_eq!(sentence(&read, &Phrases::of_classes(&read, &classes)), caption(&shape, &choices));
        assert_eq!(read.grammar(), grammar);
    }
}

#[test]
fn any_classes_make_a_sentence_of_the_grammar() {
    for i in 0..DRAWS {
        let mut rng = Stream::new(8, "classes").at(&[i]);
        let mut class = |size: u8| (rng.uniform() * f64::from(size)) as u8;
        let grammar = std::array::from_fn(|head| class(heads()[head].1));
        let choices = Choices::of_grammar(&grammar);
        let phrases = Phrases::of_classes(&choices, &PHRASE_HEADS.map(|(_, size)| class(size)));
        let sentence = sentence(&choices, &phrases);
        assert!(
            sentence.ends_with('.') && !sentence.contains("  ") && !sentence.contains(" ."),
            "{sentence}"
        );
        let lower = sentence.to_lowercase().replace(" ,", ",");
        assert_eq!(decode(&encode(&sentence).unwrap()), lower);
    }
}

/// The published sentences have a space behind "very left" in this cell, where no "side" follows.
#[test]
fn the_leftmost_cell_of_the_middle_row_keeps_a_space_before_a_comma() {
    let shape = Shape { x: 7.0, y: 16.0, ..Shape::default() };
    let mut choices = Choices::default();
    choices.variants[7] = 4;
    choices.location.variants[5] = 1;
    let expected = "A tiny black diamond, located in the middle, on the very left , pointing to the top.";
    assert_eq!(caption(&shape, &choices), expected);
    let expected = "A tiny black diamond, pointing to the top, located in the middle, on the very left.";
    assert_eq!(caption(&shape, &Choices { order: 1, ..choices }), expected);
}
