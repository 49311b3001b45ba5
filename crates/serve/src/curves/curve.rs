//! The visible points of a curve, without a copy where they are a part of a logged column.

use std::ops::Range;
use std::sync::Arc;

use super::buckets::{Bucket, Line, bucket_line, raw_line, smooth_line};
use super::{Cell, Grid};
use crate::columns::Column;

/// The points of a curve with ascending x.
#[derive(Clone, Debug)]
pub enum Curve {
    /// Places of a column over its steps.
    Logged(Arc<Column>, Range<usize>),
    /// Other points: over another x, or smoothed.
    Made(Vec<f64>, Vec<f64>),
}

impl Curve {
    pub fn xs(&self) -> &[f64] {
        match self {
            Self::Logged(column, within) => &column.steps[within.clone()],
            Self::Made(xs, _) => xs,
        }
    }

    pub fn ys(&self) -> &[f64] {
        match self {
            Self::Logged(column, within) => &column.values[within.clone()],
            Self::Made(_, ys) => ys,
        }
    }

    /// The raw line on a grid.
    pub fn raw_line(&self, grid: Grid) -> Line {
        match self.cells(grid) {
            Some((column, within, cells)) => bucket_line(&column.steps, &column.values, &within, &cells),
            None => raw_line(self.xs(), self.ys(), grid),
        }
    }

    /// The line of the means of the buckets of a grid.
    pub fn smooth_line(&self, grid: Grid) -> Line {
        smooth_line(self.xs(), self.ys(), grid)
    }

    /// The buckets of a grid with their left edges; those without a finite value are left out.
    pub fn buckets(&self, grid: Grid) -> Vec<(f64, Bucket)> {
        let (xs, ys) = (self.xs(), self.ys());
        match self.cells(grid) {
            Some((column, _, cells)) => cells
                .iter()
                .filter_map(|cell| {
                    Some((grid.edge(column.steps[cell.start]), Bucket::of_cell(cell, &column.values)?))
                })
                .collect(),
            None => {
                let bucket = |range: Range<usize>| {
                    Some((grid.edge(xs[range.start]), Bucket::of(&xs[range.clone()], &ys[range])?))
                };
                grid.split(xs).filter_map(bucket).collect()
            }
        }
    }

    /// The cells of a long column, which need no scan of its points.
    fn cells(&self, grid: Grid) -> Option<(&Column, Range<usize>, Vec<Cell>)> {
        let Self::Logged(column, within) = self else { return None };
        let cells = column.pyramid()?.cells(&column.steps, &column.values, within, grid)?;
        Some((column, within.clone(), cells))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_column_gives_the_line_of_its_points() {
        let count = 150_000;
        let steps: Vec<f64> = (0..count).map(f64::from).collect();
        let values: Vec<f64> =
            (0..count).map(|i| if i % 50_021 == 9 { f64::NAN } else { f64::from((i * 31) % 997) }).collect();
        let column = Arc::new(Column::of(steps, values));
        for within in [0..150_000, 77..140_001, 3..5] {
            let curve = Curve::Logged(column.clone(), within.clone());
            let (xs, ys) = (&column.steps[within.clone()], &column.values[within.clone()]);
            for width in [64.0, 256.0, 4096.0] {
                let grid = Grid::Buckets(width);
                assert!(curve.cells(grid).is_some());
                let (found, expected) = (curve.raw_line(grid), raw_line(xs, ys, grid));
                assert_eq!((&found.xs, &found.ys), (&expected.xs, &expected.ys), "{within:?} {width}");
                let made = Curve::Made(xs.to_vec(), ys.to_vec()).buckets(grid);
                for ((edge, found), (other, expected)) in curve.buckets(grid).iter().zip(&made) {
                    assert_eq!((edge, found.low, found.high), (other, expected.low, expected.high));
                    assert!((found.mean - expected.mean).abs() < 1e-9 && (found.x - expected.x).abs() < 1e-6);
                }
                assert_eq!(curve.buckets(grid).len(), made.len());
            }
        }
    }
}
