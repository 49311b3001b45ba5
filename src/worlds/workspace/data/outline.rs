//! Outlines of the classes in the unit square, with y up.

use std::sync::LazyLock;

use super::{CLASSES, Shape};

/// The straight pieces of a Bezier curve. The recorded rasteriser draws curves as coarsely.
const PIECES: usize = 6;

/// A point as (x, y).
pub type Point = [f64; 2];

static OUTLINES: LazyLock<[Vec<Point>; CLASSES.len()]> = LazyLock::new(|| [diamond(), egg(), triangle()]);

/// The corners of a shape's outline in pixels, in order around it. The outline is convex.
///
/// With the rotation matrix R(theta), which turns counter-clockwise, the corner p of the unit
/// square lies at (x, y) + size R(theta) (p - (1/2, 1/2)).
pub fn corners(shape: &Shape) -> impl Iterator<Item = Point> + Clone + use<> {
    let (sin, cos) = f64::from(shape.rotation).sin_cos();
    let [x, y, size] = [shape.x, shape.y, shape.size].map(f64::from);
    OUTLINES[usize::from(shape.class)].iter().map(move |[u, v]| {
        let [u, v] = [size * (u - 0.5), size * (v - 0.5)];
        [x + cos * u - sin * v, y + sin * u + cos * v]
    })
}

/// The longer tip is on top.
fn diamond() -> Vec<Point> {
    vec![[0.5, 0.0], [1.0, 0.3], [0.5, 1.0], [0.0, 0.3]]
}

/// The narrow end is on top.
fn egg() -> Vec<Point> {
    let curves = [
        [[0.5, 0.0], [0.8, 0.0], [0.9, 0.1], [0.9, 0.3]],
        [[0.9, 0.3], [0.9, 0.5], [0.7, 1.0], [0.5, 1.0]],
        [[0.5, 1.0], [0.3, 1.0], [0.1, 0.5], [0.1, 0.3]],
        [[0.1, 0.3], [0.1, 0.1], [0.2, 0.0], [0.5, 0.0]],
    ];
    let pieces = |curve| (0..PIECES).map(move |piece| bezier(curve, piece as f64 / PIECES as f64));
    curves.into_iter().flat_map(pieces).collect()
}

fn triangle() -> Vec<Point> {
    vec![[0.5, 1.0], [0.2, 0.0], [0.8, 0.0]]
}

/// The point of a cubic Bezier curve at `t` in [0, 1].
fn bezier([a, b, c, d]: [Point; 4], t: f64) -> Point {
    let s = 1.0 - t;
    let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
    [0, 1]
        .map(|axis| weights[0] * a[axis] + weights[1] * b[axis] + weights[2] * c[axis] + weights[3] * d[axis])
}

#[cfg(test)]
mod tests {
    use std::f32::consts::PI;

    use super::*;

    /// The tip, (1/2, 1) of the unit square, is half of the size away from the centre.
    #[test]
    fn tips_point_up_left_and_down() {
        for (class, tip) in [(0, 2), (1, 2 * PIECES), (2, 0)] {
            for (rotation, expected) in [(0.0, [10.0, 24.0]), (PI / 2.0, [6.0, 20.0]), (PI, [10.0, 16.0])] {
                let shape = Shape { class, x: 10.0, y: 20.0, size: 8.0, rotation, ..Default::default() };
                let found = corners(&shape).nth(tip).unwrap();
                assert!((0..2).all(|axis| (found[axis] - expected[axis]).abs() < 1e-6), "{found:?}");
            }
        }
    }

    #[test]
    fn outlines_are_convex() {
        for outline in OUTLINES.iter() {
            let turns = (0..outline.len()).map(|i| {
                let [a, b, c] = [0, 1, 2].map(|next| outline[(i + next) % outline.len()]);
                (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
            });
            let turns: Vec<f64> = turns.collect();
            assert!(
                turns.iter().all(|turn| *turn > 0.0) || turns.iter().all(|turn| *turn < 0.0),
                "{turns:?}"
            );
        }
    }
}
