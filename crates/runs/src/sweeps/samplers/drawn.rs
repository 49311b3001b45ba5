//! Draws of points without repetition.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::super::{point::Point, space::Space};

/// After this many duplicates in a row the space counts as exhausted.
const PATIENCE: usize = 1000;

/// A cache of the points drawn so far, all of which follow from the seed.
#[derive(Clone, Debug, Default)]
pub struct Drawn(Arc<Mutex<Sequence>>);

#[derive(Debug, Default)]
struct Sequence {
    points: Vec<Point>,
    seen: HashSet<Point>,
    /// The number of the next draw.
    next: u64,
    /// The number of duplicates since the last new point.
    duplicates: usize,
}

impl Drawn {
    /// The point number `index` of the sequence `draw`, without excluded points and duplicates;
    /// `all` are the points of the space, unless they are too many or uncountable.
    pub(super) fn point(
        &self,
        space: &Space,
        all: Option<&[Point]>,
        index: usize,
        draw: impl Fn(u64) -> Point,
    ) -> Point {
        if space.is_endless() {
            return draw(index as u64);
        }
        let mut sequence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while sequence.points.len() <= index && sequence.duplicates < PATIENCE {
            sequence.advance(space, &draw);
            if sequence.duplicates == PATIENCE {
                sequence.append(all.unwrap_or_default());
            }
        }
        sequence.points.get(index).cloned().unwrap_or_else(|| draw(sequence.next))
    }
}

impl Sequence {
    fn advance(&mut self, space: &Space, draw: impl Fn(u64) -> Point) {
        let point = draw(self.next);
        self.next += 1;
        self.duplicates += 1;
        if !space.excludes(&point) && self.seen.insert(point.clone()) {
            self.points.push(point);
            self.duplicates = 0;
        }
    }

    /// Adds the points of `all` that were never drawn.
    fn append(&mut self, all: &[Point]) {
        self.points.extend(all.iter().filter(|point| !self.seen.contains(point)).cloned());
    }
}
