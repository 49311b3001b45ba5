//! Random variants of a face.

use umwelt_base::random::Stream;

/// A change of a glyph's shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    /// The slant to the right, in radians.
    pub slant: f64,
    /// The factor of the thickness of strokes.
    pub stroke: f64,
    /// The rotation clockwise, in radians.
    pub rotation: f64,
    /// The factor of the width.
    pub aspect: f64,
}

impl Variant {
    /// No change.
    pub const PLAIN: Self = Self { slant: 0.0, stroke: 1.0, rotation: 0.0, aspect: 1.0 };

    /// The variant at an index (face, digit, number): plain where the number is 0, else a slant
    /// within 15 degrees, a stroke of 0.85 to 1.3, a rotation within 10 degrees, an aspect of 0.85
    /// to 1.15.
    pub fn draw(seed: u64, index: &[u64]) -> Self {
        if index.last() == Some(&0) {
            return Self::PLAIN;
        }
        let mut rng = Stream::new(seed, "fonts").at(index);
        let mut within = |degrees: f64| rng.between(-degrees, degrees).to_radians();
        let (slant, rotation) = (within(15.0), within(10.0));
        Self { slant, rotation, stroke: rng.between(0.85, 1.3), aspect: rng.between(0.85, 1.15) }
    }
}
