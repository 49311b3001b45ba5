//! Curves for a chart of some pixels: smoothed, downsampled, and as mean and band of a group.
//!
//! Everything here is a pure function of the points, the visible range and the pixels, so two
//! requests get the same bytes. Edges of buckets depend on x alone, so new points change the last
//! bucket only.

mod bands;
mod buckets;
mod curve;
mod grid;
mod join;
mod pyramid;
mod smoothing;

pub use bands::{Band, band};
pub use buckets::{Line, raw_line, smooth_line};
pub use curve::Curve;
pub use grid::Grid;
pub use join::joined;
pub use pyramid::{Cell, Pyramid};
pub use smoothing::Smoothing;

/// The part of `xs` (ascending) that a chart of the range `from` to `to` needs: the points within,
/// and one on either side.
pub fn visible(xs: &[f64], from: Option<f64>, to: Option<f64>) -> std::ops::Range<usize> {
    let start = from.map_or(0, |from| xs.partition_point(|x| *x < from).saturating_sub(1));
    let end = to.map_or(xs.len(), |to| (xs.partition_point(|x| *x <= to) + 1).min(xs.len()));
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_visible_part_has_one_point_more_on_either_side() {
        let xs = [0.0, 10.0, 20.0, 30.0, 40.0];
        assert_eq!(visible(&xs, None, None), 0..5);
        assert_eq!(visible(&xs, Some(10.0), Some(20.0)), 0..4);
        assert_eq!(visible(&xs, Some(11.0), Some(19.0)), 1..3);
        assert_eq!(visible(&xs, Some(45.0), Some(50.0)), 4..5);
        assert_eq!(visible(&xs, Some(-5.0), Some(-1.0)), 0..1);
        assert_eq!(visible(&xs, Some(30.0), Some(10.0)), 2..3);
        assert_eq!(visible(&[], Some(1.0), None), 0..0);
    }
}
