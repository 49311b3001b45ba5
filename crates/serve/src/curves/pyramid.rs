//! Buckets of a long column on every grid, so that a chart costs as much as it has pixels.

use std::ops::Range;

use super::Grid;

/// The points of a bucket of the finest grid, about.
const POINTS: f64 = 32.0;
/// The most grids: each has buckets of twice the width of the one before.
const LEVELS: usize = 64;

/// The buckets of a column with ascending x, from the finest grid to the one with a single bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pyramid {
    /// The exponent of the width of the finest buckets.
    exponent: i32,
    levels: Vec<Vec<Cell>>,
}

/// A bucket of a column: its places, and what its finite values come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub start: usize,
    pub end: usize,
    /// The places of the least and the greatest finite value; the first place if there is none.
    pub extremes: [usize; 2],
    /// The number of finite values.
    pub count: usize,
    /// The sum of their x.
    pub x: f64,
    pub sum: f64,
}

impl Cell {
    /// The bucket of these places.
    pub fn of(xs: &[f64], ys: &[f64], places: Range<usize>) -> Self {
        let Range { start, end } = places;
        let mut cell = Self { start, end, extremes: [start; 2], count: 0, x: 0.0, sum: 0.0 };
        for place in (start..end).filter(|place| ys[*place].is_finite()) {
            let one = Self { extremes: [place; 2], count: 1, x: xs[place], sum: ys[place], ..cell };
            cell.add(&one, ys);
        }
        cell
    }

    /// Adds the bucket that follows, or a point of this one.
    fn add(&mut self, other: &Self, ys: &[f64]) {
        self.end = self.end.max(other.end);
        if other.count == 0 {
            return;
        }
        let [least, most] = &mut self.extremes;
        if self.count == 0 || ys[other.extremes[0]] < ys[*least] {
            *least = other.extremes[0];
        }
        if self.count == 0 || ys[other.extremes[1]] > ys[*most] {
            *most = other.extremes[1];
        }
        self.count += other.count;
        self.x += other.x;
        self.sum += other.sum;
    }
}

impl Pyramid {
    /// The buckets of all points.
    pub fn new(xs: &[f64], ys: &[f64]) -> Self {
        let length = xs.last().zip(xs.first()).map_or(0.0, |(last, first)| last - first);
        let width = (POINTS * length / xs.len().max(1) as f64).max(f64::MIN_POSITIVE);
        let mut pyramid = Self { exponent: width.log2().ceil() as i32, levels: vec![] };
        pyramid.extend(xs, ys);
        pyramid
    }

    /// Takes in points that were appended: the last bucket of each grid is counted anew.
    pub fn extend(&mut self, xs: &[f64], ys: &[f64]) {
        for level in 0..LEVELS {
            if level == self.levels.len() {
                self.levels.push(vec![]);
            }
            let grid = self.grid(level);
            let (below, above) = self.levels.split_at_mut(level);
            let cells = &mut above[0];
            let from = cells.pop().map_or(0, |last| last.start);
            match below.last() {
                None => {
                    let moved = |range: Range<usize>| from + range.start..from + range.end;
                    cells.extend(grid.split(&xs[from..]).map(|range| Cell::of(xs, ys, moved(range))));
                }
                Some(finer) => {
                    let finer = &finer[finer.partition_point(|cell| cell.start < from)..];
                    let same = |a: &Cell, b: &Cell| grid.edge(xs[a.start]) == grid.edge(xs[b.start]);
                    cells.extend(finer.chunk_by(same).map(|parts| joined(parts, ys)));
                }
            }
            if cells.len() <= 1 {
                return;
            }
        }
    }

    fn grid(&self, level: usize) -> Grid {
        Grid::Buckets(2f64.powi(self.exponent + level as i32))
    }

    /// The buckets of `grid` within some places; those that the ends cut are counted anew. `None`
    /// for a grid that is finer than the finest here.
    pub fn cells(&self, xs: &[f64], ys: &[f64], within: &Range<usize>, grid: Grid) -> Option<Vec<Cell>> {
        let level = (0..self.levels.len()).find(|level| self.grid(*level) == grid)?;
        let cells = &self.levels[level];
        let first = cells.partition_point(|cell| cell.end <= within.start);
        let inside = cells[first..].iter().take_while(|cell| cell.start < within.end);
        let cut = |cell: &Cell| {
            if within.start <= cell.start && cell.end <= within.end {
                return *cell;
            }
            Cell::of(xs, ys, cell.start.max(within.start)..cell.end.min(within.end))
        };
        Some(inside.map(cut).collect())
    }

    /// The bytes of memory that the buckets take.
    pub fn bytes(&self) -> usize {
        self.levels.iter().map(Vec::capacity).sum::<usize>() * size_of::<Cell>()
    }
}

/// Neighbouring buckets as one.
fn joined(parts: &[Cell], ys: &[f64]) -> Cell {
    let mut cell = parts[0];
    parts[1..].iter().for_each(|part| cell.add(part, ys));
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points at irregular steps, some of them not finite.
    fn points(count: usize) -> (Vec<f64>, Vec<f64>) {
        let x = |i: usize| (i * 3 + i % 2) as f64;
        let y = |i: usize| match i % 101 {
            7 => f64::NAN,
            11 => f64::INFINITY,
            _ => ((i * 7919) % 1009) as f64,
        };
        ((0..count).map(x).collect(), (0..count).map(y).collect())
    }

    fn naive(xs: &[f64], ys: &[f64], within: &Range<usize>, grid: Grid) -> Vec<Cell> {
        let moved = |range: Range<usize>| within.start + range.start..within.start + range.end;
        grid.split(&xs[within.clone()]).map(|range| Cell::of(xs, ys, moved(range))).collect()
    }

    #[test]
    fn buckets_of_every_grid_are_those_of_a_scan() {
        let (xs, ys) = points(20_000);
        let pyramid = Pyramid::new(&xs, &ys);
        // 60,000 steps in buckets of 32 points, which is 96 steps, or the next power of two.
        for exponent in 7..17 {
            let grid = Grid::Buckets(2f64.powi(exponent));
            for within in [0..20_000, 0..1, 123..19_877, 5000..5003] {
                let found = pyramid.cells(&xs, &ys, &within, grid).expect("the grid is there");
                assert_eq!(found, naive(&xs, &ys, &within, grid), "{exponent} {within:?}");
            }
        }
        assert_eq!(pyramid.cells(&xs, &ys, &(0..9), Grid::Buckets(64.0)), None);
        assert_eq!(pyramid.cells(&xs, &ys, &(0..9), Grid::Points), None);
        assert!(pyramid.bytes() < 16 * 20_000, "less than the column itself: {}", pyramid.bytes());
    }

    #[test]
    fn appended_points_change_no_whole_bucket() {
        let (xs, ys) = points(20_000);
        let mut grown = Pyramid::new(&xs[..5000], &ys[..5000]);
        for end in [5001, 5050, 12_345, 20_000] {
            grown.extend(&xs[..end], &ys[..end]);
        }
        for exponent in 7..17 {
            let grid = Grid::Buckets(2f64.powi(exponent));
            assert_eq!(grown.cells(&xs, &ys, &(0..20_000), grid), Some(naive(&xs, &ys, &(0..20_000), grid)));
        }
    }

    #[test]
    fn a_bucket_without_finite_values_has_no_extremes_but_its_first_place() {
        let ys = [f64::NAN, f64::INFINITY, 4.0, 2.0, 4.0];
        let xs = [0.0, 1.0, 2.0, 3.0, 4.0];
        let empty = Cell::of(&xs, &ys, 0..2);
        assert_eq!((empty.extremes, empty.count), ([0, 0], 0));
        let all = joined(&[empty, Cell::of(&xs, &ys, 2..5)], &ys);
        assert_eq!(all, Cell { start: 0, end: 5, extremes: [3, 2], count: 3, x: 9.0, sum: 10.0 });
    }
}
