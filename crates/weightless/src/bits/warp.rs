//! Pictures that are turned, slanted and widened.

use crate::{Digit, PIXELS, SIDE};

/// The largest changes, of a warp of strength 1: an angle in radians, columns for each row, and the
/// factor of the width.
const TURN: f64 = 18.0 * std::f64::consts::PI / 180.0;
const SLANT: f64 = 0.4;
const WIDEN: f64 = 1.3;

/// A linear map of a picture around its centre of mass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warp {
    /// Clockwise, in radians.
    turn: f64,
    /// Columns to the left for each row down.
    slant: f64,
    /// The factor of the width.
    widen: f64,
}

impl Warp {
    const PLAIN: Self = Self { turn: 0.0, slant: 0.0, widen: 1.0 };

    /// The six warps of a strength: turned both ways, slanted both ways, wider and narrower.
    pub fn of_strength(strength: f32) -> [Self; 6] {
        let strength = f64::from(strength);
        let (turn, slant, widen) = (TURN * strength, SLANT * strength, WIDEN.powf(strength));
        [
            Self { turn, ..Self::PLAIN },
            Self { turn: -turn, ..Self::PLAIN },
            Self { slant, ..Self::PLAIN },
            Self { slant: -slant, ..Self::PLAIN },
            Self { widen, ..Self::PLAIN },
            Self { widen: 1.0 / widen, ..Self::PLAIN },
        ]
    }

    /// The picture after the map, by bilinear interpolation. What comes in is paper.
    pub fn apply(self, image: &Digit) -> Digit {
        let Some((row, column)) = centre_of_mass(image) else { return *image };
        let (sin, cos) = self.turn.sin_cos();
        std::array::from_fn(|at| {
            let (y, x) = ((at / SIDE) as f64 - row, (at % SIDE) as f64 - column);
            let (y, x) = (cos * y - sin * x, sin * y + cos * x);
            let x = (x + self.slant * y) / self.widen;
            interpolated(image, y + row, x + column)
        })
    }
}

/// Row and column of the centre of the ink; `None` of an empty picture.
fn centre_of_mass(image: &Digit) -> Option<(f64, f64)> {
    let mut sums = [0.0; 3];
    for (at, &ink) in image.iter().enumerate() {
        let ink = f64::from(ink);
        sums[0] += ink;
        sums[1] += ink * (at / SIDE) as f64;
        sums[2] += ink * (at % SIDE) as f64;
    }
    (sums[0] > 0.0).then(|| (sums[1] / sums[0], sums[2] / sums[0]))
}

fn interpolated(image: &Digit, row: f64, column: f64) -> u8 {
    let (top, left) = (row.floor(), column.floor());
    let (down, right) = (row - top, column - left);
    let value = |y: f64, x: f64| {
        let inside = |at: f64| (0.0..SIDE as f64).contains(&at);
        let at = if inside(y) && inside(x) { y as usize * SIDE + x as usize } else { PIXELS };
        image.get(at).map_or(0.0, |ink| f64::from(*ink))
    };
    let along = |y: f64| (1.0 - right) * value(y, left) + right * value(y, left + 1.0);
    ((1.0 - down) * along(top) + down * along(top + 1.0)).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bar of the given rows and columns.
    fn bar(rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Digit {
        std::array::from_fn(|at| {
            255 * u8::from(rows.contains(&(at / SIDE)) && columns.contains(&(at % SIDE)))
        })
    }

    /// The second moments of the ink: along rows, along columns, and mixed.
    fn moments(image: &Digit) -> [f64; 3] {
        let (row, column) = centre_of_mass(image).unwrap();
        let mut sums = [0.0; 4];
        for (at, &ink) in image.iter().enumerate() {
            let (y, x) = ((at / SIDE) as f64 - row, (at % SIDE) as f64 - column);
            let terms = [1.0, y * y, x * x, x * y].map(|term| term * f64::from(ink));
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
        [1, 2, 3].map(|at| sums[at] / sums[0])
    }

    #[test]
    fn second_moments_change_as_the_map_says() {
        let upright = bar(4..24, 12..16);
        let [rows, columns, _] = moments(&upright);
        let [right, left, slanted, other, wide, narrow] =
            Warp::of_strength(1.0).map(|warp| moments(&warp.apply(&upright)));
        let near = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 0.1 * expected.abs() + 0.3, "{found} {expected}");
        };
        // Clockwise on paper, with rows that point down: the lower end goes to the left.
        let turned = TURN.sin() * TURN.cos() * (rows - columns);
        near(right[2], -turned);
        near(left[2], turned);
        near(slanted[2], -SLANT * rows);
        near(other[2], SLANT * rows);
        near(wide[1], WIDEN * WIDEN * columns);
        near(narrow[1], columns / (WIDEN * WIDEN));
        near(wide[0], rows);
    }

    #[test]
    fn no_strength_is_no_change() {
        let image = bar(3..20, 5..9);
        assert!(Warp::of_strength(0.0).iter().all(|warp| warp.apply(&image) == image));
        assert!(Warp::of_strength(1.0).iter().all(|warp| warp.apply(&[0; PIXELS]) == [0; PIXELS]));
    }
}
