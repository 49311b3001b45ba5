//! The phrases of a sentence that say the attributes of its shape.

use super::choices::Choices;
use super::writers::colour::COLOURS;
use super::writers::{location, rotation, shape, size};
use crate::worlds::workspace::data::Shape;

/// The names of the classes of phrases and the number of values of each. A sentence has a class
/// of one head for rotations and of one for locations, by their writers.
pub const PHRASE_HEADS: [(&str, u8); 7] = [
    ("shape", 16),
    ("size", 8),
    ("color", 141),
    ("rotation_8", 8),
    ("rotation_16", 16),
    ("location_cells", 49),
    ("location_regions", 12),
];

const FIRST_ROTATION: usize = 3;
const FIRST_LOCATION: usize = 5;

/// The phrases of a sentence by their indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrases {
    /// The word for the class: 7 for a diamond, 7 for an egg, 2 for a triangle.
    pub shape: u8,
    /// The word for the size.
    pub size: u8,
    /// The index of the named colour.
    pub colour: u8,
    pub rotation: Phrase,
    pub location: Phrase,
}

/// A phrase of one of several writers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    pub writer: u8,
    pub index: u8,
}

impl Phrases {
    /// The phrases of the sentence that `choices` make about `shape`.
    ///
    /// # Panics
    /// If the class of `shape` is above 2.
    pub fn of(shape: &Shape, choices: &Choices) -> Self {
        let Choices { rotation, location, .. } = *choices;
        let direction = rotation::phrase(rotation.writer, shape.rotation);
        let place = location::phrase(location.writer, shape.x, shape.y, location.synonym);
        Self {
            shape: shape::phrase(shape.class, choices.shape),
            size: size::phrase(shape.size, choices.size),
            colour: COLOURS.nearest(shape.rgb),
            rotation: Phrase { writer: rotation.writer, index: direction },
            location: Phrase { writer: location.writer, index: place },
        }
    }

    /// The classes in the order of [`PHRASE_HEADS`]; `None` for the writers that are not used.
    pub fn classes(&self) -> [Option<u8>; PHRASE_HEADS.len()] {
        let mut classes = [None; PHRASE_HEADS.len()];
        classes[0] = Some(self.shape);
        classes[1] = Some(self.size);
        classes[2] = Some(self.colour);
        classes[rotation_head(self.rotation.writer)] = Some(self.rotation.index);
        classes[location_head(self.location.writer)] = Some(self.location.index);
        classes
    }

    /// The phrases of which `classes` (in the order of [`PHRASE_HEADS`]) tell the indices and
    /// `choices` the writers.
    pub fn of_classes(choices: &Choices, classes: &[u8; PHRASE_HEADS.len()]) -> Self {
        let (rotation, location) = (choices.rotation.writer, choices.location.writer);
        Self {
            shape: classes[0],
            size: classes[1],
            colour: classes[2],
            rotation: Phrase { writer: rotation, index: classes[rotation_head(rotation)] },
            location: Phrase { writer: location, index: classes[location_head(location)] },
        }
    }

    /// The attributes that the phrases tell: the class, the middle of the places, sizes and
    /// rotations for which each phrase stands, and the named colour. `hls` is left at 0.
    pub fn attributes(&self) -> Shape {
        let (x, y) = location::place(self.location.writer, self.location.index);
        Shape {
            class: shape::class(self.shape),
            x,
            y,
            size: size::size(self.size),
            rotation: rotation::rotation(self.rotation.writer, self.rotation.index),
            rgb: COLOURS.rgb(self.colour),
            hls: [0; 3],
        }
    }

    /// The number of directions that the writer of the rotation tells apart.
    pub fn directions(&self) -> u8 {
        rotation::DIRECTIONS[usize::from(self.rotation.writer)]
    }
}

fn rotation_head(writer: u8) -> usize {
    FIRST_ROTATION + usize::from(rotation::DIRECTIONS[usize::from(writer)] == 16)
}

fn location_head(writer: u8) -> usize {
    FIRST_LOCATION + usize::from(writer)
}
