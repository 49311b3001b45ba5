//! Words for the class of a shape.

use std::sync::LazyLock;

/// The synonyms of each class.
const WORDS: [&[&str]; 3] = [
    &[
        "diamond",
        "trapezoidal shape",
        "four-sided shape",
        "kite",
        "quadrilateral",
        "arrow-shaped polygon",
        "deformed square shape",
    ],
    &[
        "egg",
        "water droplet",
        "isosceles triangle that has round corners",
        "bullet",
        "oval shaped structure",
        "triangle-like shape with rounded vertices",
        "guitar pick",
    ],
    &["isosceles triangle", "triangle"],
];

/// The phrases in the order of their indices.
pub static PHRASES: LazyLock<Vec<&str>> = LazyLock::new(|| WORDS.concat());

/// The number of synonyms for `class`.
pub fn count(class: u8) -> u8 {
    super::count(&WORDS, usize::from(class))
}

/// The index of a phrase for `class`.
pub fn phrase(class: u8, synonym: u8) -> u8 {
    super::phrase(&WORDS, usize::from(class), synonym)
}

/// The class that a phrase says.
pub fn class(phrase: u8) -> u8 {
    super::value(&WORDS, phrase) as u8
}
