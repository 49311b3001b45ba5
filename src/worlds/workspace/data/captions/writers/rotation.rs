//! Phrases for the rotation of a shape: 8 or 16 directions, of the image or of the compass.

use std::f64::consts::TAU;
use std::sync::LazyLock;

use super::Writer;
use crate::worlds::workspace::data::captions::Variants;

/// The number of directions of each writer.
pub const DIRECTIONS: [u8; 4] = [8, 8, 16, 16];

/// The number of variants of the writers that have the most.
pub const VARIANTS: usize = 4;

const OF_THE_IMAGE: Variants = &[
    ("of_image", &["", ""]),
    ("rotated", &["pointing to", "pointing towards"]),
    ("corner", &["", " corner"]),
    ("side", &["", " side"]),
];

const OF_THE_COMPASS: Variants =
    &[("of_image", &["", ""]), ("rotated", &["pointing to the", "pointing towards the", "pointing"])];

const IMAGE: [&str; 16] = [
    "top",
    "top top-left{corner}",
    "top-left{corner}",
    "left top-left{corner}",
    "left{side}",
    "left bottom-left{corner}",
    "bottom-left{corner}",
    "bottom bottom-left{corner}",
    "bottom",
    "bottom bottom-right{corner}",
    "bottom-right{corner}",
    "right bottom-right{corner}",
    "right{side}",
    "right top-right{corner}",
    "top-right{corner}",
    "top top-right{corner}",
];

const COMPASS: [&str; 16] = [
    "north",
    "north-northwest",
    "northwest",
    "west-northwest",
    "west",
    "west-southwest",
    "southwest",
    "south-southwest",
    "south",
    "south-southeast",
    "southeast",
    "east-southeast",
    "east",
    "east-northeast",
    "northeast",
    "north-northeast",
];

/// The variants of a writer.
pub fn variants(writer: u8) -> Variants {
    if writer.is_multiple_of(2) { OF_THE_IMAGE } else { OF_THE_COMPASS }
}

pub static WRITERS: LazyLock<[Writer; 4]> = LazyLock::new(|| {
    let image = |every| {
        let labels = IMAGE.iter().step_by(every);
        Writer::new(OF_THE_IMAGE, labels.map(|label| format!("{{rotated}} the {label}")))
    };
    let compass = |every| {
        let labels = COMPASS.iter().step_by(every);
        Writer::new(OF_THE_COMPASS, labels.map(|label| format!("{{rotated}} {label}")))
    };
    [image(2), compass(2), image(1), compass(1)]
});

/// The index of the direction nearest to `rotation` (radians in [0, 2 pi)). The distance does not
/// wrap: just below 2 pi the last direction is the nearest.
pub fn phrase(writer: u8, rotation: f32) -> u8 {
    let directions = DIRECTIONS[usize::from(writer)];
    let step = TAU / f64::from(directions);
    let nearest = (f64::from(rotation) / step - 0.5).ceil();
    nearest.clamp(0.0, f64::from(directions - 1)) as u8
}

/// The middle of the rotations for which a phrase stands, in radians.
pub fn rotation(writer: u8, phrase: u8) -> f32 {
    let directions = DIRECTIONS[usize::from(writer)];
    let edge = |of: f64| TAU / f64::from(directions) * of;
    let low = if phrase == 0 { 0.0 } else { edge(f64::from(phrase) - 0.5) };
    let high = if phrase + 1 == directions { TAU } else { edge(f64::from(phrase) + 0.5) };
    ((low + high) / 2.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(rotation: f32, directions: u8) -> u8 {
        let distance = |i: u8| (f64::from(rotation) - TAU / f64::from(directions) * f64::from(i)).abs();
        (0..directions).min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap()
    }

    #[test]
    fn the_nearest_direction_does_not_wrap() {
        for writer in 0..4 {
            for i in 0..10_000 {
                let rotation = (TAU * f64::from(i) / 10_000.0) as f32;
                assert_eq!(phrase(writer, rotation), naive(rotation, DIRECTIONS[usize::from(writer)]));
            }
        }
        assert_eq!([phrase(0, 6.2), phrase(3, 6.2), phrase(0, 0.39), phrase(0, 0.4)], [7, 15, 0, 1]);
    }

    #[test]
    fn the_first_and_last_direction_stand_for_other_ranges_than_the_rest() {
        let degrees = |writer, phrase| rotation(writer, phrase).to_degrees();
        assert_eq!([0, 1, 7].map(|label| degrees(0, label)), [11.25, 45.0, 326.25]);
        assert_eq!([0, 1, 15].map(|label| degrees(3, label)), [5.625, 22.5, 343.125]);
    }
}
