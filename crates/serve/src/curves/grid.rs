//! The fixed grid of buckets.

/// The exponents that a bucket's width may have: x may be steps, epochs or seconds.
const EXPONENTS: std::ops::RangeInclusive<i32> = -40..=60;

/// The buckets of an x axis, or none where every point is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grid {
    /// A place for each x.
    Points,
    /// Buckets from one multiple of this width to the next; the width is a power of two.
    Buckets(f64),
}

impl Grid {
    /// The finest grid that a chart of `pixels` needs for curves of at most `points` points from
    /// `first` to `last`: every point if there are fewer than two for a pixel, otherwise the
    /// narrowest buckets of which there is at most one for a pixel.
    pub fn of(points: usize, first: f64, last: f64, pixels: usize) -> Self {
        if points < 2 * pixels {
            return Self::Points;
        }
        let fits = |width: f64| (last / width).floor() - (first / width).floor() < pixels as f64;
        let width = EXPONENTS.map(|exponent| 2f64.powi(exponent)).find(|width| fits(*width));
        width.map_or(Self::Points, Self::Buckets)
    }

    /// The left edge of the bucket of `x`, or `x` itself where every point is shown.
    pub fn edge(self, x: f64) -> f64 {
        match self {
            Self::Points => x,
            Self::Buckets(width) => (x / width).floor() * width,
        }
    }

    /// The width of a bucket; 0 where every point is shown.
    pub fn width(self) -> f64 {
        match self {
            Self::Points => 0.0,
            Self::Buckets(width) => width,
        }
    }

    /// The ranges of `xs` (ascending) that share a bucket.
    pub fn split(self, xs: &[f64]) -> impl Iterator<Item = std::ops::Range<usize>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let edge = self.edge(*xs.get(start)?);
            let same = xs[start..].partition_point(|x| self.edge(*x) <= edge);
            let range = start..start + same.max(1);
            start = range.end;
            Some(range)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_the_narrowest_that_fit_the_pixels() {
        assert_eq!(Grid::of(1599, 0.0, 1e6, 800), Grid::Points);
        // 1,000,000 steps over 800 pixels: 2^10 gives 977 buckets, 2^11 gives 489.
        assert_eq!(Grid::of(1600, 0.0, 999_999.0, 800), Grid::Buckets(2048.0));
        assert_eq!(Grid::of(2000, 0.0, 799.0, 800), Grid::Buckets(1.0));
        assert_eq!(Grid::of(2000, 0.0, 800.0, 800), Grid::Buckets(2.0));
        // One epoch over 4 pixels.
        assert_eq!(Grid::of(1000, 0.0, 0.99, 4), Grid::Buckets(0.25));
    }

    #[test]
    fn a_bucket_starts_at_a_multiple_of_its_width() {
        let grid = Grid::Buckets(4.0);
        let xs = [-3.0, 0.0, 1.0, 3.0, 3.5, 4.0, 11.0, 12.0, 12.0];
        let edges: Vec<f64> = xs.iter().map(|x| grid.edge(*x)).collect();
        assert_eq!(edges, [-4.0, 0.0, 0.0, 0.0, 0.0, 4.0, 8.0, 12.0, 12.0]);
        assert_eq!(grid.split(&xs).collect::<Vec<_>>(), [0..1, 1..5, 5..6, 6..7, 7..9]);
        assert_eq!(Grid::Points.split(&[1.0, 1.0, 2.0]).collect::<Vec<_>>(), [0..2, 2..3]);
        assert_eq!(grid.split(&[]).count(), 0);
    }
}
