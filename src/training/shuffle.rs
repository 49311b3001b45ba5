//! The order in which an epoch goes through a dataset.

use std::sync::Mutex;

use umwelt_base::random::Stream;

/// Batches of the indices of a dataset, in an order that is a function of (seed, epoch).
///
/// Items beyond the last full batch of an epoch are left out of that epoch.
pub struct Shuffle {
    stream: Stream,
    items: usize,
    batch_size: usize,
    /// The last requested epoch, and its order.
    order: Mutex<Option<(u64, Vec<i64>)>>,
}

impl Shuffle {
    /// # Panics
    /// If there are fewer items than a batch has.
    pub fn new(seed: u64, items: usize, batch_size: usize) -> Self {
        assert!(items >= batch_size, "{items} items make no batch of {batch_size}");
        Self { stream: Stream::new(seed, "order of an epoch"), items, batch_size, order: Mutex::default() }
    }

    pub fn batches_per_epoch(&self) -> u64 {
        (self.items / self.batch_size) as u64
    }

    /// The indices of batch `step`, counted over all epochs.
    pub fn batch(&self, step: u64) -> Vec<i64> {
        let (epoch, within) = (step / self.batches_per_epoch(), step % self.batches_per_epoch());
        let mut order = self.order.lock().expect("no draw panics");
        if order.as_ref().is_none_or(|(known, _)| *known != epoch) {
            *order = Some((epoch, self.draw(epoch)));
        }
        let (_, order) = order.as_ref().expect("it was drawn");
        order[within as usize * self.batch_size..][..self.batch_size].to_vec()
    }

    fn draw(&self, epoch: u64) -> Vec<i64> {
        let mut order: Vec<i64> = (0..self.items as i64).collect();
        self.stream.at(&[epoch]).shuffle(&mut order);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_each_item_once_and_the_next_in_another_order() {
        let shuffle = Shuffle::new(1, 12, 4);
        let epoch = |n: u64| (3 * n..3 * n + 3).flat_map(|step| shuffle.batch(step)).collect::<Vec<_>>();
        let (first, second) = (epoch(0), epoch(1));
        assert_ne!(first, second);
        for mut order in [first, second] {
            order.sort_unstable();
            assert!(order.iter().copied().eq(0..12));
        }
    }

    #[test]
    fn a_batch_is_the_same_whatever_was_asked_before() {
        let (first, second) = (Shuffle::new(7, 10, 3), Shuffle::new(7, 10, 3));
        let later = first.batch(8);
        (0..8).for_each(|step| drop(second.batch(step)));
        assert_eq!(second.batch(8), later);
        assert_ne!(Shuffle::new(8, 10, 3).batch(8), later);
    }

    #[test]
    fn every_order_is_as_likely_as_any() {
        let mut seen = std::collections::HashMap::new();
        for epoch in 0..6000 {
            *seen.entry(Shuffle::new(3, 3, 3).batch(epoch)).or_insert(0) += 1;
        }
        // Each of 6 comes 1000 times, give or take 29.
        assert_eq!(seen.len(), 6);
        assert!(seen.values().all(|&count| (880..1120).contains(&count)), "{seen:?}");
    }
}
