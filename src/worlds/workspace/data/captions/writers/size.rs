//! Words for the size of a shape.

use std::sync::LazyLock;

/// The synonyms of each band of sizes.
const WORDS: [&[&str]; 4] =
    [&["tiny"], &["small", "little"], &["average sized", "medium sized", "medium"], &["big", "large"]];

/// The phrases in the order of their indices.
pub static PHRASES: LazyLock<Vec<&str>> = LazyLock::new(|| WORDS.concat());

/// The first sizes of the second to the last band.
const EDGES: [f32; 3] = [9.0, 11.0, 13.0];

/// The middles of the bands of the whole sizes 7 to 14.
const MIDDLES: [f32; 4] = [7.5, 9.5, 11.5, 13.5];

fn band(size: f32) -> usize {
    EDGES.iter().filter(|edge| size >= **edge).count()
}

/// The number of synonyms for `size`.
pub fn count(size: f32) -> u8 {
    super::count(&WORDS, band(size))
}

/// The index of a phrase for `size`.
pub fn phrase(size: f32, synonym: u8) -> u8 {
    super::phrase(&WORDS, band(size), synonym)
}

/// The middle of the sizes for which a phrase stands, in pixels.
pub fn size(phrase: u8) -> f32 {
    MIDDLES[super::value(&WORDS, phrase)]
}
