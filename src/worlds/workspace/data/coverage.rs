//! Shares of the pixels of an image that lie inside an outline.

use std::ops::Range;

use super::IMAGE_SIDE;
use super::outline::Point;

/// The exact share of each pixel that lies inside an outline.
///
/// In a row of pixels, a piece of an edge sweeps an area between itself and the right side of the
/// image. The sum of these areas over all edges, with the sign of the vertical direction, is the
/// area inside.
pub struct Coverage {
    /// In each row, the differences between the area in a pixel and that in the pixel before it: an
    /// edge changes only the pixels that it crosses.
    steps: [[f32; IMAGE_SIDE]; IMAGE_SIDE],
    /// The rows that the outline can touch.
    rows: Range<usize>,
    /// The columns that the outline can touch.
    columns: Range<usize>,
}

impl Coverage {
    /// The coverage of the polygon with these corners (x, y) in pixels, y down, in order around it.
    pub fn new(corners: &[Point]) -> Self {
        let [columns, rows] = [0, 1].map(|axis| touched(corners.iter().map(|corner| corner[axis])));
        let mut coverage = Self { steps: [[0.0; IMAGE_SIDE]; IMAGE_SIDE], rows, columns };
        let mut from = corners[corners.len() - 1];
        for &to in corners {
            coverage.add_edge(from, to);
            from = to;
        }
        coverage
    }

    /// Calls `draw` with the row, the column and the coverage (0 to 1) of each pixel that the
    /// outline can touch.
    #[inline]
    pub fn for_each(&self, mut draw: impl FnMut(usize, usize, f32)) {
        for row in self.rows.clone() {
            let mut area = 0.0f32;
            for column in self.columns.clone() {
                area += self.steps[row][column];
                draw(row, column, area.abs().min(1.0));
            }
        }
    }

    fn add_edge(&mut self, from: Point, to: Point) {
        let (upper, lower) = if from[1] < to[1] { (from, to) } else { (to, from) };
        if upper[1] == lower[1] {
            return;
        }
        let sign = if from[1] < to[1] { 1.0 } else { -1.0 };
        let slope = (lower[0] - upper[0]) / (lower[1] - upper[1]);
        let x = |y: f64| upper[0] + slope * (y - upper[1]);
        for row in touched([upper[1], lower[1]].into_iter()) {
            let (top, bottom) = (upper[1].max(row as f64), lower[1].min((row + 1) as f64));
            self.add_piece(row, x(top), x(bottom), sign * (bottom - top));
        }
    }

    /// Adds the area to the right of a straight piece from x = `a` to x = `b` in one row. `height`
    /// is its signed vertical extent.
    fn add_piece(&mut self, row: usize, a: f64, b: f64, height: f64) {
        let (left, right) = (a.min(b), a.max(b));
        let width = |column: usize| mean_width(left, right, column as f64);
        let first = left.max(0.0) as usize;
        let last = (right.max(0.0).ceil() as usize).min(IMAGE_SIDE - 1);
        let (mut start, mut before) = (width(first), 0.0);
        for column in first..=last {
            let end = width(column + 1);
            let area = height * (end - start);
            self.steps[row][column] += (area - before) as f32;
            (start, before) = (end, area);
        }
    }
}

/// The mean over x, uniform in [`left`, `right`], of the distance from x to `column` where x lies
/// left of it, and of 0 elsewhere.
fn mean_width(left: f64, right: f64, column: f64) -> f64 {
    if column <= left {
        0.0
    } else if column >= right {
        column - (left + right) / 2.0
    } else {
        (column - left).powi(2) / (2.0 * (right - left))
    }
}

/// The rows, or columns, of the image that points with these coordinates span.
fn touched(coordinates: impl Iterator<Item = f64>) -> Range<usize> {
    let bounds = |(low, high): (f64, f64), at: f64| (low.min(at), high.max(at));
    let (low, high) = coordinates.fold((f64::INFINITY, f64::NEG_INFINITY), bounds);
    low.max(0.0) as usize..high.ceil().clamp(0.0, IMAGE_SIDE as f64) as usize
}

#[cfg(test)]
mod tests {
    use umwelt_base::random::Stream;

    use super::super::{Shape, outline::corners};
    use super::*;

    /// The part of a convex polygon where `inside` is 0 or more (Sutherland and Hodgman 1974).
    fn clip(polygon: &[Point], inside: impl Fn(Point) -> f64) -> Vec<Point> {
        let mut kept = vec![];
        for (i, &to) in polygon.iter().enumerate() {
            let from = polygon[(i + polygon.len() - 1) % polygon.len()];
            let (a, b) = (inside(from), inside(to));
            if (a < 0.0) != (b < 0.0) {
                let share = a / (a - b);
                kept.push([0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis])));
            }
            if b >= 0.0 {
                kept.push(to);
            }
        }
        kept
    }

    /// The shoelace formula.
    fn area(polygon: &[Point]) -> f64 {
        let pairs = polygon.iter().zip(polygon.iter().cycle().skip(1));
        pairs.map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f64>().abs() / 2.0
    }

    fn clipped_area(polygon: &[Point], row: usize, column: usize) -> f64 {
        let [top, left] = [row, column].map(|at| at as f64);
        let rows = clip(&clip(polygon, |p| p[1] - top), |p| top + 1.0 - p[1]);
        area(&clip(&clip(&rows, |p| p[0] - left), |p| left + 1.0 - p[0]))
    }

    fn all(corners: &[Point]) -> [[f32; IMAGE_SIDE]; IMAGE_SIDE] {
        let mut shares = [[0.0; IMAGE_SIDE]; IMAGE_SIDE];
        Coverage::new(corners).for_each(|row, column, share| shares[row][column] = share);
        shares
    }

    #[test]
    fn coverage_is_the_area_that_clipping_leaves() {
        let mut rng = Stream::new(1, "polygons").at(&[]);
        for i in 0..60 {
            let [x, y, rotation] = [32.0, 32.0, 7.0].map(|high| rng.between(-1.0, high) as f32);
            let size = rng.between(0.1, 20.0) as f32;
            let polygon: Vec<_> =
                corners(&Shape { class: i % 3, x, y, size, rotation, ..Default::default() }).collect();
            for (row, shares) in all(&polygon).iter().enumerate() {
                for (column, share) in shares.iter().enumerate() {
                    let expected = clipped_area(&polygon, row, column);
                    assert!((f64::from(*share) - expected).abs() < 1e-5, "{share} is not {expected}");
                }
            }
        }
    }

    #[test]
    fn a_rectangle_covers_the_products_of_its_sides() {
        let shares = all(&[[-5.0, 1.25], [2.5, 1.25], [2.5, 40.0], [-5.0, 40.0]]);
        assert_eq!([shares[0][0], shares[1][0], shares[1][2], shares[31][2]], [0.0, 0.75, 0.375, 0.5]);
        let sum: f32 = shares.iter().flatten().sum();
        assert_eq!(sum, 2.5 * 30.75);
    }

    #[test]
    fn outlines_outside_the_image_and_points_cover_nothing() {
        let sum = |corners: &[Point]| all(corners).iter().flatten().sum::<f32>();
        assert_eq!(sum(&[[-9.0, -9.0], [-1.0, -9.0], [-1.0, 40.0]]), 0.0);
        assert_eq!(sum(&[[33.0, 2.0], [40.0, 2.0], [36.0, 9.0]]), 0.0);
        assert_eq!(sum(&[[4.0, 50.0], [9.0, 60.0], [2.0, 70.0]]), 0.0);
        assert_eq!(sum(&[[5.5, 5.5]; 3]), 0.0);
    }
}
