//! The nearest other item in some attributes.

use std::collections::HashMap;

use super::columns::Columns;
use umwelt_base::random::Rng;

/// Cells along each axis of the grid of two or three attributes.
const CELLS: i32 = 24;

/// An index of items by some of their columns.
pub enum Partners<'a> {
    /// Items sorted by one column.
    Sorted(Sorted),
    /// Items in the cells of a grid over two or three columns.
    Grid(Grid<'a>),
}

impl<'a> Partners<'a> {
    /// The index by the columns `keys`, one to three.
    pub fn new(columns: &'a Columns, keys: &'a [usize]) -> Self {
        match keys {
            [key] => Self::Sorted(Sorted::new(columns.column(*key))),
            _ => Self::Grid(Grid::new(columns, keys)),
        }
    }

    /// The other item that is nearest to `item` in the columns, by Euclidean distance; one of those
    /// at the same distance by chance.
    pub fn nearest(&self, item: usize, rng: &mut Rng) -> usize {
        match self {
            Self::Sorted(sorted) => sorted.nearest(item, rng),
            Self::Grid(grid) => grid.nearest(item, rng),
        }
    }
}

pub struct Sorted {
    /// The distinct values in ascending order, each with its items.
    groups: Vec<(f32, Vec<usize>)>,
    /// The group of each item.
    group: Vec<usize>,
}

impl Sorted {
    fn new(column: &[f32]) -> Self {
        let mut order: Vec<usize> = (0..column.len()).collect();
        order.sort_by(|a, b| column[*a].total_cmp(&column[*b]));
        let (mut groups, mut group): (Vec<(f32, Vec<usize>)>, _) = (vec![], vec![0; column.len()]);
        for item in order {
            match groups.last_mut() {
                Some((value, items)) if *value == column[item] => items.push(item),
                _ => groups.push((column[item], vec![item])),
            }
            group[item] = groups.len() - 1;
        }
        Self { groups, group }
    }

    fn nearest(&self, item: usize, rng: &mut Rng) -> usize {
        let at = self.group[item];
        let (value, own) = &self.groups[at];
        if own.len() > 1 {
            return other(own, item, rng);
        }
        let neighbours = [at.checked_sub(1), at.checked_add(1)];
        let neighbours = neighbours.into_iter().flatten().filter_map(|at| self.groups.get(at));
        let distance = |group: &&(f32, Vec<usize>)| (group.0 - value).abs();
        let nearest = neighbours.clone().map(|group| distance(&group)).fold(f32::INFINITY, f32::min);
        let tied: Vec<usize> =
            neighbours.filter(|group| distance(group) == nearest).flat_map(|group| group.1.clone()).collect();
        chosen(&tied, rng)
    }
}

pub struct Grid<'a> {
    columns: &'a Columns,
    keys: &'a [usize],
    cells: HashMap<[i32; 3], Vec<usize>>,
}

impl<'a> Grid<'a> {
    fn new(columns: &'a Columns, keys: &'a [usize]) -> Self {
        let mut grid = Self { columns, keys, cells: HashMap::new() };
        for item in 0..columns.items() {
            grid.cells.entry(grid.cell(item)).or_default().push(item);
        }
        grid
    }

    fn cell(&self, item: usize) -> [i32; 3] {
        let along = |key: &usize| ((self.columns.column(*key)[item] * CELLS as f32) as i32).min(CELLS - 1);
        let mut cell = [0; 3];
        cell.iter_mut().zip(self.keys).for_each(|(cell, key)| *cell = along(key));
        cell
    }

    fn distance(&self, a: usize, b: usize) -> f32 {
        let squared = |key: &usize| (self.columns.column(*key)[a] - self.columns.column(*key)[b]).powi(2);
        self.keys.iter().map(squared).sum::<f32>().sqrt()
    }

    /// Looks into rings of cells around the item, until the next ring is farther than the nearest
    /// item found.
    fn nearest(&self, item: usize, rng: &mut Rng) -> usize {
        let (centre, mut tied, mut best) = (self.cell(item), vec![], f32::INFINITY);
        for ring in 0..=CELLS {
            // All of ring r is at least r - 1 cells away.
            if (ring - 1) as f32 / CELLS as f32 > best {
                break;
            }
            for candidate in self.ring(centre, ring).filter(|candidate| *candidate != item) {
                let distance = self.distance(item, candidate);
                if distance < best {
                    (best, tied) = (distance, vec![]);
                }
                if distance == best {
                    tied.push(candidate);
                }
            }
        }
        chosen(&tied, rng)
    }

    /// The items of the cells at the Chebyshev distance `ring` from `centre`.
    fn ring(&self, centre: [i32; 3], ring: i32) -> impl Iterator<Item = usize> + '_ {
        let deep = if self.keys.len() == 3 { ring } else { 0 };
        let offsets = (-ring..=ring)
            .flat_map(move |x| (-ring..=ring).flat_map(move |y| (-deep..=deep).map(move |z| [x, y, z])));
        let on_the_ring = offsets.filter(move |offset| offset.iter().any(|along| along.abs() == ring));
        let cell = move |[x, y, z]: [i32; 3]| [centre[0] + x, centre[1] + y, centre[2] + z];
        on_the_ring.filter_map(move |offset| self.cells.get(&cell(offset))).flatten().copied()
    }
}

/// An item of `items` other than `item`.
fn other(items: &[usize], item: usize, rng: &mut Rng) -> usize {
    let own = items.iter().position(|candidate| *candidate == item).unwrap_or(items.len());
    let at = rng.below(items.len() - 1);
    items[if at >= own { at + 1 } else { at }]
}

fn chosen(items: &[usize], rng: &mut Rng) -> usize {
    items[rng.below(items.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::workspace::data::Shape;
    use umwelt_base::random::Stream;

    fn shapes() -> Vec<Shape> {
        let mut rng = Stream::new(1, "partners").at(&[]);
        let mut byte = || rng.below(256) as u8;
        (0..400)
            .map(|_| Shape {
                class: byte() % 3,
                x: f32::from(7 + byte() % 18),
                y: f32::from(7 + byte() % 18),
                rotation: f32::from(byte()) / 40.0,
                rgb: [byte(), byte(), byte()],
                ..Shape::default()
            })
            .collect()
    }

    #[test]
    fn the_partner_is_as_near_as_a_search_through_all_items_finds() {
        let shapes = shapes();
        let columns = Columns::new(&shapes);
        let mut rng = Stream::new(2, "ties").at(&[]);
        for keys in [&[0][..], &[4], &[1, 2], &[5, 6, 7]] {
            let partners = Partners::new(&columns, keys);
            for item in 0..shapes.len() {
                let distance = |other: usize| {
                    let squared =
                        |key: &usize| (columns.item(item)[*key] - columns.item(other)[*key]).powi(2);
                    keys.iter().map(squared).sum::<f32>().sqrt()
                };
                let others = (0..shapes.len()).filter(|other| *other != item);
                let nearest = others.map(distance).fold(f32::INFINITY, f32::min);
                let found = partners.nearest(item, &mut rng);
                assert_ne!(found, item);
                assert!((distance(found) - nearest).abs() < 1e-6, "{keys:?} {item}");
            }
        }
    }

    #[test]
    fn every_item_at_the_same_distance_is_chosen() {
        let of_class = |class| Shape { class, ..Shape::default() };
        let columns = Columns::new(&[of_class(0), of_class(0), of_class(0), of_class(1)]);
        let (partners, mut rng) = (Partners::new(&columns, &[0]), Stream::new(3, "ties").at(&[]));
        let mut found: Vec<usize> = (0..100).map(|_| partners.nearest(0, &mut rng)).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [1, 2]);
        assert!((0..100).all(|_| partners.nearest(3, &mut rng) < 3));
    }
}
