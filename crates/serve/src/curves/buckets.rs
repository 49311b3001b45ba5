//! Lines of one run in few points, without losing the least or the greatest value of any bucket.

use std::ops::Range;

use super::{Cell, Grid};

/// A line to draw. `low` and `high` are empty for a raw line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub xs: Vec<f64>,
    pub ys: Vec<f64>,
    /// The least value of each bucket.
    pub low: Vec<f64>,
    /// The greatest value of each bucket.
    pub high: Vec<f64>,
}

impl Line {
    fn push(&mut self, x: f64, y: f64) {
        self.xs.push(x);
        self.ys.push(y);
    }
}

/// The points (`xs` ascending) of a raw line: every point, or the least and the greatest of each
/// bucket in their order, and the first and the last point. A bucket without a finite value is a
/// gap, NaN.
pub fn raw_line(xs: &[f64], ys: &[f64], grid: Grid) -> Line {
    if grid == Grid::Points {
        return Line { xs: xs.to_vec(), ys: ys.to_vec(), ..Line::default() };
    }
    let cells: Vec<Cell> = grid.split(xs).map(|range| Cell::of(xs, ys, range)).collect();
    bucket_line(xs, ys, &(0..xs.len()), &cells)
}

/// The raw line of the places `within` of a column in buckets `cells`.
pub fn bucket_line(xs: &[f64], ys: &[f64], within: &Range<usize>, cells: &[Cell]) -> Line {
    let mut line = Line::default();
    for cell in cells {
        let mut shown = cell.extremes.to_vec();
        // Ends that are not finite are no points of a line.
        let is_end = |end: &usize| (cell.start..cell.end).contains(end) && ys[*end].is_finite();
        shown.extend([within.start, within.end - 1].into_iter().filter(is_end));
        shown.sort_unstable();
        shown.dedup();
        shown.into_iter().for_each(|place| line.push(xs[place], finite_or_gap(ys[place])));
    }
    line
}

fn finite_or_gap(y: f64) -> f64 {
    if y.is_finite() { y } else { f64::NAN }
}

/// The points of a smoothed line: every point, or the mean of each bucket at its mean x, with its
/// least and greatest value. Values that are not finite are passed over.
pub fn smooth_line(xs: &[f64], ys: &[f64], grid: Grid) -> Line {
    let mut line = Line::default();
    for range in grid.split(xs) {
        let Some(bucket) = Bucket::of(&xs[range.clone()], &ys[range]) else { continue };
        line.push(bucket.x, bucket.mean);
        line.low.push(bucket.low);
        line.high.push(bucket.high);
    }
    line
}

/// The finite values of a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The mean x.
    pub x: f64,
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl Bucket {
    /// The bucket of a cell of a column with values `ys`; `None` without a finite value.
    pub fn of_cell(cell: &Cell, ys: &[f64]) -> Option<Self> {
        let count = cell.count as f64;
        let [low, high] = cell.extremes.map(|place| ys[place]);
        (cell.count > 0).then(|| Self { x: cell.x / count, mean: cell.sum / count, low, high })
    }

    /// The bucket of these points; `None` without a finite value.
    pub fn of(xs: &[f64], ys: &[f64]) -> Option<Self> {
        let (mut count, mut x, mut sum) = (0.0, 0.0, 0.0);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for (at, y) in xs.iter().zip(ys).filter(|(_, y)| y.is_finite()) {
            (count, x, sum) = (count + 1.0, x + at, sum + y);
            (low, high) = (low.min(*y), high.max(*y));
        }
        (count > 0.0).then(|| Self { x: x / count, mean: sum / count, low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A million points of a fixed zigzag.
    fn zigzag(count: usize) -> (Vec<f64>, Vec<f64>) {
        let y = |i: usize| ((i * 7919) % 1009) as f64 / 1009.0;
        ((0..count).map(|i| i as f64).collect(), (0..count).map(y).collect())
    }

    fn drawn(xs: &[f64], ys: &[f64]) -> Line {
        raw_line(xs, ys, Grid::of(xs.len(), xs[0], xs[xs.len() - 1], 800))
    }

    #[test]
    fn a_spike_of_one_point_in_a_million_survives() {
        let (xs, mut ys) = zigzag(1_000_000);
        ys[567_890] = 1e6;
        ys[123_456] = -1e6;
        let line = drawn(&xs, &ys);
        assert!(line.xs.len() <= 1602, "{}", line.xs.len());
        let has = |x: f64, y: f64| line.xs.iter().zip(&line.ys).any(|point| point == (&x, &y));
        assert!(has(567_890.0, 1e6) && has(123_456.0, -1e6));
        assert!(has(0.0, ys[0]) && has(999_999.0, ys[999_999]));
        assert!(line.xs.is_sorted());
        assert_eq!(line, drawn(&xs, &ys));
    }

    #[test]
    fn every_bucket_keeps_its_extremes_like_a_naive_loop() {
        let (xs, ys) = zigzag(10_000);
        let line = drawn(&xs, &ys);
        for edge in (0..10_000).step_by(16) {
            let within = |x: &f64| (edge as f64..edge as f64 + 16.0).contains(x);
            let naive: Vec<f64> = (edge..(edge + 16).min(10_000)).map(|i| ys[i]).collect();
            let shown: Vec<f64> =
                line.xs.iter().zip(&line.ys).filter(|(x, _)| within(x)).map(|(_, y)| *y).collect();
            let extent = |values: &[f64]| {
                let fold = |by: fn(f64, f64) -> f64| values.iter().copied().reduce(by).unwrap();
                (fold(f64::min), fold(f64::max))
            };
            assert_eq!(extent(&shown), extent(&naive), "{edge}");
        }
    }

    #[test]
    fn appended_points_change_the_last_bucket_only() {
        let (xs, ys) = zigzag(10_000);
        let before = drawn(&xs[..9_000], &ys[..9_000]);
        let after = drawn(&xs, &ys);
        // 9,000 and 10,000 points have buckets of 16 steps; the last one of 9,000 starts at 8,992.
        let kept = before.xs.iter().take_while(|x| **x < 8992.0).count();
        assert!(kept > 1000);
        assert_eq!((&before.xs[..kept], &before.ys[..kept]), (&after.xs[..kept], &after.ys[..kept]));
        assert!(after.xs[kept] >= 8992.0);
    }

    #[test]
    fn values_that_are_not_finite_are_gaps_and_hide_no_other() {
        let grid = Grid::Buckets(2.0);
        let ys = [1.0, f64::INFINITY, f64::NAN, f64::NAN, 5.0, 4.0, f64::NAN];
        let xs: Vec<f64> = (0..7).map(f64::from).collect();
        let line = raw_line(&xs, &ys, grid);
        assert_eq!(line.xs, [0.0, 2.0, 4.0, 5.0, 6.0]);
        assert!(line.ys[1].is_nan() && line.ys[4].is_nan());
        assert_eq!((line.ys[0], line.ys[2], line.ys[3]), (1.0, 5.0, 4.0));
        let smooth = smooth_line(&xs, &ys, grid);
        assert_eq!((&smooth.xs[..], &smooth.ys[..]), (&[0.0, 4.5][..], &[1.0, 4.5][..]));
        assert_eq!((&smooth.low[..], &smooth.high[..]), (&[1.0, 4.0][..], &[1.0, 5.0][..]));
    }
}
