//! The choices of style in a sentence.

use umwelt_base::random::Rng;

use super::record::Record;
use super::templates::{self, GRAMMAR, Template};
use super::writers::{location, rotation};
use crate::worlds::workspace::data::Shape;

/// The choices that make one of the sentences about a shape. Options of variants that the sentence
/// does not have are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// From 0 to 6.
    pub template: u8,
    /// The rank of the order of phrases among the permutations that the template allows.
    pub order: u8,
    /// The options of `start`, `object`, `colored?`, `colorBefore`, `colorAfter`, `colorBoth`,
    /// `,?`, `link`, `link2`, `link3` and `a`.
    pub variants: [u8; templates::VARIANTS.len()],
    /// The synonym for the class.
    pub shape: u8,
    /// The synonym for the size.
    pub size: u8,
    pub rotation: RotationChoices,
    pub location: LocationChoices,
}

/// The choices of the phrase for the rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RotationChoices {
    /// 0 and 1 tell 8 directions, 2 and 3 tell 16; 0 and 2 by the image, 1 and 3 by the compass.
    pub writer: u8,
    /// The options of `of_image`, `rotated` and, for writers 0 and 2, `corner` and `side`.
    pub variants: [u8; rotation::VARIANTS],
}

/// The choices of the phrase for the place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocationChoices {
    /// 0 tells 49 cells, 1 tells 9 regions.
    pub writer: u8,
    /// The synonym for the region; 0 for writer 0.
    pub synonym: u8,
    /// The options of `bottom`, `middle`, `top`, `in_the`, `on_the`, `side?`, `located?` and
    /// `at_the`.
    pub variants: [u8; location::VARIANTS.len()],
}

impl Choices {
    /// Uniform and independent choices for a sentence about `shape`.
    ///
    /// # Panics
    /// If the class of `shape` is above 2.
    pub fn draw(shape: &Shape, rng: &mut Rng) -> Self {
        Record::default().complete(shape, rng).expect("an empty record holds no wrong choice")
    }

    pub(super) fn template(&self) -> &'static Template {
        &GRAMMAR.templates[usize::from(self.template)]
    }
}
