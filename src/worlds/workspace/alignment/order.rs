//! Random orders of items.

use std::sync::Mutex;

use umwelt_base::random::Stream;

/// A permutation of `items`, a function of the stream and `index`.
pub fn shuffled<T: Clone>(items: &[T], stream: Stream, index: u64) -> Vec<T> {
    let mut order = items.to_vec();
    stream.at(&[index]).shuffle(&mut order);
    order
}

/// Items in a new random order in each pass, one pass behind the other.
///
/// The orders are functions of the stream and the number of the pass. The last one is kept.
pub struct Passes<T> {
    items: Vec<T>,
    stream: Stream,
    last: Mutex<Option<(u64, Vec<T>)>>,
}

impl<T: Clone> Passes<T> {
    pub fn new(items: Vec<T>, stream: Stream) -> Self {
        Self { items, stream, last: Mutex::default() }
    }

    /// The items of a pass.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// `count` items from place `from` on, counted over all passes.
    pub fn take(&self, from: u64, count: usize) -> Vec<T> {
        let length = self.items.len() as u64;
        let (mut taken, mut place) = (Vec::with_capacity(count), from);
        while taken.len() < count {
            let (pass, within) = (place / length, (place % length) as usize);
            let end = (within + count - taken.len()).min(length as usize);
            self.with_pass(pass, |order| taken.extend_from_slice(&order[within..end]));
            place += (end - within) as u64;
        }
        taken
    }

    fn with_pass(&self, pass: u64, read: impl FnOnce(&[T])) {
        let mut last = self.last.lock().expect("no draw panics");
        if last.as_ref().is_none_or(|(known, _)| *known != pass) {
            *last = Some((pass, shuffled(&self.items, self.stream, pass)));
        }
        read(&last.as_ref().expect("it was drawn").1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_has_every_item_once_in_another_order() {
        let passes = Passes::new(vec![3, 5, 7, 9, 11], Stream::new(1, "test"));
        let taken = passes.take(0, 15);
        for pass in taken.chunks(5) {
            let mut sorted = pass.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, [3, 5, 7, 9, 11]);
        }
        assert!(taken[..5] != taken[5..10] || taken[5..10] != taken[10..]);
        assert_eq!(passes.take(3, 9), taken[3..12], "whatever was asked before");
    }
}
