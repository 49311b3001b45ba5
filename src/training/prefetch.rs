//! Batches made on a thread of their own while the consumer works on earlier ones.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Items made before they are asked for.
const DEPTH: usize = 2;

/// The items `make(i)` for i in a range, in order, made up to two ahead.
///
/// A panic in `make` is raised again in `next`. Dropping waits for the item that is being made.
pub struct Prefetch<T> {
    made: Option<Receiver<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts the thread.
    pub fn new(range: Range<u64>, make: impl Fn(u64) -> T + Send + 'static) -> Self {
        // The thread itself holds one more item while it waits for room.
        let (sender, made) = sync_channel(DEPTH - 1);
        let work = move || send_all(&sender, range, make);
        let thread = thread::Builder::new().name("prefetch".into()).spawn(work);
        Self { made: Some(made), thread: Some(thread.expect("the system can start one more thread")) }
    }
}

/// Sends `make(i)` for each i of the range, until the receiver is gone.
fn send_all<T>(sender: &SyncSender<T>, mut range: Range<u64>, make: impl Fn(u64) -> T) {
    while range.next().is_some_and(|i| sender.send(make(i)).is_ok()) {}
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let item = self.made.as_ref()?.recv().ok();
        if item.is_none()
            && let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
        {
            resume_unwind(panic);
        }
        item
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        // Without a receiver the maker's next `send` fails, which ends it.
        self.made = None;
        // A panic while making an item that nobody takes is ignored.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::time::Duration;

    #[test]
    fn items_come_in_order_and_end() {
        let mut squares = Prefetch::new(3..40, |i| i * i);
        assert!(squares.by_ref().eq((3..40).map(|i| i * i)));
        assert_eq!(squares.next(), None);
    }

    fn counted(range: Range<u64>) -> (Arc<AtomicU64>, Prefetch<u64>) {
        let made = Arc::new(AtomicU64::new(0));
        let counter = made.clone();
        (made, Prefetch::new(range, move |_| counter.fetch_add(1, SeqCst)))
    }

    #[test]
    fn two_items_are_made_ahead_and_no_more() {
        let (made, mut items) = counted(0..1000);
        for taken in 0..5 {
            let deadline = std::time::Instant::now() + Duration::from_secs(10);
            while made.load(SeqCst) < taken + 2 && std::time::Instant::now() < deadline {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(20));
            assert_eq!(made.load(SeqCst), taken + 2);
            items.next();
        }
    }

    #[test]
    fn dropping_stops_the_maker() {
        let (made, mut items) = counted(0..u64::MAX);
        items.next();
        drop(items);
        assert!(made.load(SeqCst) <= 4);
        assert_eq!(Arc::strong_count(&made), 1, "the maker's thread is gone");
    }

    #[test]
    fn a_panic_in_the_maker_reaches_the_consumer() {
        let mut items = Prefetch::new(0..5, |i| if i == 2 { panic!("broken at {i}") } else { i });
        assert_eq!(items.by_ref().take(2).collect::<Vec<_>>(), [0, 1]);
        let panic = catch_unwind(AssertUnwindSafe(|| items.next())).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "broken at 2");
    }
}
