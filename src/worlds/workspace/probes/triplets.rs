//! Triplets of which one item is the odd one out: two items that agree in some attributes, and one
//! that agrees with neither in any.

use rayon::prelude::*;

use super::columns::{COLUMNS, Columns};
use super::partners::Partners;
use crate::worlds::workspace::data::Shape;
use umwelt_base::random::{Rng, Stream};

/// The sets of columns of which two items agree in one.
const KEYS: [&[usize]; 5] = [&[0], &[1, 2], &[3], &[4], &[5, 6, 7]];
/// The odd item is one of a random subset of this size.
const CANDIDATES: usize = 20_000;
/// The odd item is one of this many in a thousand candidates that differ most.
const PER_MILLE: usize = 1;

/// Three items in random order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triplet {
    /// The indices of the items.
    pub items: [usize; 3],
    /// The position of the odd one.
    pub odd: usize,
}

/// `rows` triplets of `shapes`, drawn from the stream `name` of `seed`; row i depends on i alone.
///
/// # Panics
/// With fewer than three items.
pub fn triplets(shapes: &[Shape], rows: usize, seed: u64, name: &str) -> Vec<Triplet> {
    assert!(shapes.len() >= 3, "a triplet has three items");
    let columns = Columns::new(shapes);
    let stream = Stream::new(seed, name);
    let partners = KEYS.map(|keys| Partners::new(&columns, keys));
    // Consecutive items of a random order are a random subset.
    let order = shuffled(shapes.len(), &mut stream.at(&[u64::MAX]));
    let candidates = Candidates { columns: columns.select(&order), order };
    let draw = |row: u64| {
        let mut rng = stream.at(&[row]);
        let item = rng.below(shapes.len());
        let partner = partners[rng.below(KEYS.len())].nearest(item, &mut rng);
        let pair = [item, partner];
        let odd = candidates.odd(pair.map(|item| columns.item(item)), pair, &mut rng);
        let places = shuffled(3, &mut rng);
        let items = places.iter().map(|place| [item, partner, odd][*place]);
        Triplet {
            items: items.collect::<Vec<_>>().try_into().expect("three places"),
            odd: places.iter().position(|place| *place == 2).expect("one place is the odd item's"),
        }
    };
    (0..rows as u64).into_par_iter().map(draw).collect()
}

/// All items in a random order, with their columns in that order.
struct Candidates {
    columns: Columns,
    order: Vec<usize>,
}

impl Candidates {
    /// One of the items that differ most from both of `pair` in the attribute that they share most.
    fn odd(&self, pair: [[f32; COLUMNS]; 2], items: [usize; 2], rng: &mut Rng) -> usize {
        let count = CANDIDATES.min(self.order.len());
        let start = rng.below(self.order.len() - count + 1);
        let differences = self.differences(pair, start, count);
        let mut ranked: Vec<usize> =
            (0..count).filter(|at| !items.contains(&self.order[start + at])).collect();
        let kept = (ranked.len() * PER_MILLE).div_ceil(1000);
        ranked.select_nth_unstable_by(kept - 1, |a, b| differences[*b].total_cmp(&differences[*a]));
        self.order[start + ranked[rng.below(kept)]]
    }

    /// The least difference of each candidate to either item of `pair`, over all columns.
    fn differences(&self, pair: [[f32; COLUMNS]; 2], start: usize, count: usize) -> Vec<f32> {
        let mut least = vec![f32::INFINITY; count];
        for column in 0..COLUMNS {
            let [a, b] = pair.map(|item| item[column]);
            let values = &self.columns.column(column)[start..][..count];
            let pairs = least.iter_mut().zip(values);
            pairs.for_each(|(least, value)| *least = least.min((value - a).abs()).min((value - b).abs()));
        }
        least
    }
}

/// The numbers below `count` in a random order (Fisher and Yates).
fn shuffled(count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    rng.shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> Vec<Shape> {
        let mut rng = Stream::new(4, "triplets").at(&[]);
        let mut byte = || rng.below(256) as u8;
        (0..1500)
            .map(|_| Shape {
                class: byte() % 3,
                x: f32::from(7 + byte() % 18),
                y: f32::from(7 + byte() % 18),
                size: f32::from(7 + byte() % 8),
                rotation: f32::from(byte()) / 40.0,
                rgb: [byte(), byte(), byte()],
                ..Shape::default()
            })
            .collect()
    }

    #[test]
    fn the_odd_item_is_among_the_most_different_and_its_position_is_uniform() {
        let shapes = shapes();
        let columns = Columns::new(&shapes);
        let mut places = [0; 3];
        for Triplet { items, odd } in triplets(&shapes, 600, 1, "test") {
            places[odd] += 1;
            let pair: Vec<usize> = (0..3).filter(|at| *at != odd).map(|at| items[at]).collect();
            assert!(pair[0] != pair[1] && !pair.contains(&items[odd]));
            let least = |item: usize| {
                let to = |other: usize| {
                    let (a, b) = (columns.item(item), columns.item(other));
                    (0..COLUMNS).map(|c| (a[c] - b[c]).abs()).fold(f32::INFINITY, f32::min)
                };
                to(pair[0]).min(to(pair[1]))
            };
            let farther = (0..shapes.len()).filter(|i| !pair.contains(i) && least(*i) > least(items[odd]));
            assert!(farther.count() < 2, "two of 1,498 are one in a thousand");
        }
        // 200 each, give or take 12.
        assert!(places.iter().all(|count| (150..250).contains(count)), "{places:?}");
    }

    #[test]
    fn a_row_depends_on_its_index_alone() {
        let shapes = shapes();
        let (few, many) = (triplets(&shapes, 5, 9, "test"), triplets(&shapes, 50, 9, "test"));
        assert_eq!(few, many[..5]);
        assert_ne!(few, triplets(&shapes, 5, 9, "other"));
    }
}
