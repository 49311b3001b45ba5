//! Phrases for the place of a shape: 49 cells, or 9 regions with synonyms.

use std::sync::LazyLock;

use super::Writer;
use crate::worlds::workspace::data::captions::Variants;

/// Variants with one option come last, since they are no class of the grammar.
pub const VARIANTS: Variants = &[
    ("bottom", &["bottom", "lower side"]),
    ("middle", &["middle", "center"]),
    ("top", &["top", "upper side"]),
    ("in_the", &["in the", "at the"]),
    ("on_the", &["on the", "at the"]),
    ("side?", &[" side", ""]),
    ("located?", &["located ", " "]),
    ("at_the", &["at the"]),
];

/// The first x and y of the second to the last row or column of cells.
const EDGES: [f32; 6] = [9.0, 12.0, 14.0, 18.0, 20.0, 23.0];

const ROWS: [&str; 7] = [
    "{at_the} very {bottom}",
    "{at_the} {bottom}",
    "slightly {bottom}",
    "{in_the} {middle}",
    "slightly {top}",
    "{at_the} {top}",
    "{at_the} very {top}",
];

const COLUMNS: [&str; 7] = [
    ", {on_the} very left{side?}",
    ", {on_the} left{side?}",
    ", slightly left",
    ", {in_the} {middle}",
    ", slightly right",
    ", {on_the} right{side?}",
    ", {on_the} very right{side?}",
];

/// The middles of the rows and columns of cells, for the whole x and y from 7 to 24.
const CELL_MIDDLES: [f32; 7] = [7.5, 10.0, 12.5, 15.5, 18.5, 21.0, 23.5];

/// The synonyms of each region, row by row from the bottom left.
const REGIONS: [&[&str]; 9] = [
    &["{at_the} {bottom} left{side?}", "{at_the} {bottom}, {on_the} left{side?}"],
    &["{at_the} {bottom} {middle}", "{at_the} {bottom}"],
    &["{at_the} {bottom} right{side?}"],
    &["{in_the} {middle} left{side?}"],
    &["{in_the} {middle}"],
    &["{in_the} {middle} right{side?}"],
    &["{at_the} {top} left{side?}"],
    &["{at_the} {top} {middle}", "{top}"],
    &["{at_the} {top} right{side?}"],
];

/// The middles of the rows and columns of regions, for the whole x and y from 7 to 24.
const REGION_MIDDLES: [f32; 3] = [10.0, 16.5, 22.0];

pub static WRITERS: LazyLock<[Writer; 2]> = LazyLock::new(|| {
    let located = |label: String| format!("{{located?}}{label}");
    let cells = (0..49).map(|i| format!("{}{}", ROWS[i / 7], column(i / 7, i % 7)));
    let regions = REGIONS.concat().into_iter().map(str::to_owned);
    [Writer::new(VARIANTS, cells.map(located)), Writer::new(VARIANTS, regions.map(located))]
});

fn column(row: usize, column: usize) -> &'static str {
    match (row, column) {
        // The published sentences have this space.
        (3, 0) => ", {on_the} very left {side?}",
        (1 | 5, 3) => " {middle}",
        (3, 3) => "",
        _ => COLUMNS[column],
    }
}

fn cell(position: f32) -> u8 {
    EDGES.iter().filter(|edge| position >= **edge).count() as u8
}

/// The index of the nearest of 10, 16 and 22, the first of several.
fn region(position: f32) -> u8 {
    ((position - 10.0) / 6.0 - 0.5).ceil().clamp(0.0, 2.0) as u8
}

/// The number of synonyms for a place.
pub fn count(writer: u8, x: f32, y: f32) -> u8 {
    match writer {
        0 => 1,
        _ => super::count(&REGIONS, usize::from(3 * region(y) + region(x))),
    }
}

/// The index of a phrase for a place.
pub fn phrase(writer: u8, x: f32, y: f32, synonym: u8) -> u8 {
    match writer {
        0 => 7 * cell(y) + cell(x),
        _ => super::phrase(&REGIONS, usize::from(3 * region(y) + region(x)), synonym),
    }
}

/// The middle (x, y) of the places for which a phrase stands, in pixels.
pub fn place(writer: u8, phrase: u8) -> (f32, f32) {
    match writer {
        0 => (CELL_MIDDLES[usize::from(phrase % 7)], CELL_MIDDLES[usize::from(phrase / 7)]),
        _ => {
            let region = super::value(&REGIONS, phrase);
            (REGION_MIDDLES[region % 3], REGION_MIDDLES[region / 3])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive_region(x: f32, y: f32) -> u8 {
        let centre = |i: u8| [10.0, 16.0, 22.0][usize::from(i)];
        let distance = |i: &u8| (x - centre(i % 3)).powi(2) + (y - centre(i / 3)).powi(2);
        (0..9).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap()
    }

    #[test]
    fn a_region_is_the_nearest_and_the_first_on_ties() {
        for x in (7..25).map(|x| x as f32) {
            for y in (7..25).map(|y| y as f32) {
                assert_eq!(3 * region(y) + region(x), naive_region(x, y));
            }
        }
    }

    #[test]
    fn middles_are_means_of_the_positions_of_a_phrase() {
        for writer in 0..2 {
            for position in (7..25).map(|x| x as f32) {
                let of = |x: f32| phrase(writer, x, 16.0, 0);
                let same: Vec<f32> = (7..25).map(|x| x as f32).filter(|x| of(*x) == of(position)).collect();
                let mean = same.iter().sum::<f32>() / same.len() as f32;
                assert_eq!(place(writer, of(position)).0, mean);
            }
        }
    }
}
