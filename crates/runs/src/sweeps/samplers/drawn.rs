//! Points that are drawn one after another, each once.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::super::{point::Point, space::Space};

/// So many draws in a row that bring nothing new are taken to mean that nearly nothing new is left.
const PATIENCE: usize = 1000;

/// The points drawn so far. All follow from the draws, so they are kept only to spare drawing them again.
#[derive(Clone, Debug, Default)]
pub struct Drawn(Arc<Mutex<Sequence>>);

#[derive(Debug, Default)]
struct Sequence {
    points: Vec<Point>,
    seen: HashSet<Point>,
    /// The number of the next draw.
    next: u64,
    /// Draws since the last one that was new.
    in_vain: usize,
}

impl Drawn {
    /// The point number `index` of those that `draw` brings when points that are left out or came before are passed
    /// over; `all` are the points of the space, if they can be counted.
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
        while sequence.points.len() <= index && sequence.in_vain < PATIENCE {
            sequence.advance(space, &draw);
            if sequence.in_vain == PATIENCE {
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
        self.in_vain += 1;
        if !space.excludes(&point) && self.seen.insert(point.clone()) {
            self.points.push(point);
            self.in_vain = 0;
        }
    }

    /// Adds those of `all` that were never drawn.
    fn append(&mut self, all: &[Point]) {
        self.points.extend(all.iter().filter(|point| !self.seen.contains(point)).cloned());
    }
}
