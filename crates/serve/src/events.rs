//! Events for the pages that look, with ids and a ring from which a lost stream is continued.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{Notify, mpsc};

/// The events that are kept for streams that were lost.
const RING: usize = 1000;
/// The events that a stream may be behind.
const QUEUE: usize = 256;

/// A subject that a page looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    Runs,
    Run(String),
    Sweep(String),
    Log(String),
    /// A room, which sends its events itself.
    Room(String),
}

impl Topic {
    /// The topics in `runs,run:NAME,sweep:NAME,log:NAME,room:NAME`; commas in names are part of a name unless
    /// a topic follows them.
    pub fn list(text: &str) -> Option<Vec<Self>> {
        let mut topics: Vec<Self> = Vec::new();
        for part in text.split(',') {
            match (Self::parse(part), topics.last_mut()) {
                (Some(topic), _) => topics.push(topic),
                (None, Some(Self::Run(name) | Self::Sweep(name) | Self::Log(name))) => {
                    name.push(',');
                    name.push_str(part);
                }
                (None, _) => return None,
            }
        }
        Some(topics)
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "runs" => Some(Self::Runs),
            Some(("run", name)) => Some(Self::Run(name.to_owned())),
            Some(("sweep", name)) => Some(Self::Sweep(name.to_owned())),
            Some(("log", name)) => Some(Self::Log(name.to_owned())),
            Some(("room", name)) => Some(Self::Room(name.to_owned())),
            _ => None,
        }
    }
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: u64,
    pub kind: &'static str,
    pub data: String,
    /// `None` for an event of every stream.
    topic: Option<Topic>,
}

/// The streams and the last events.
#[derive(Debug, Default)]
pub struct Hub {
    inner: Mutex<Inner>,
    /// Wakes the poller when the first stream begins.
    pub began: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    last_id: u64,
    ring: VecDeque<Arc<Event>>,
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    topics: Vec<Topic>,
    queue: mpsc::Sender<Arc<Event>>,
    /// True from a full queue until it is empty again.
    behind: bool,
}

impl Hub {
    /// A stream of `topics`, continued after the event `last` if the ring still holds what followed;
    /// otherwise it begins with `resync`.
    pub fn subscribe(&self, topics: Vec<Topic>, last: Option<u64>) -> mpsc::Receiver<Arc<Event>> {
        let (queue, receiver) = mpsc::channel(RING + QUEUE + 1);
        let mut inner = self.inner();
        let stream = Stream { topics, queue, behind: false };
        if let Some(last) = last {
            inner.replay(&stream, last);
        }
        inner.streams.push(stream);
        drop(inner);
        self.began.notify_one();
        receiver
    }

    /// Sends an event to the streams of `topic`.
    pub fn publish(&self, topic: Topic, kind: &'static str, data: &Value) {
        let mut inner = self.inner();
        inner.last_id += 1;
        let event = Event { id: inner.last_id, kind, data: data.to_string(), topic: Some(topic) };
        let event = Arc::new(event);
        inner.ring.push_back(event.clone());
        if inner.ring.len() > RING {
            inner.ring.pop_front();
        }
        inner.streams.retain_mut(|stream| !stream.queue.is_closed() && stream.offer(&event));
    }

    /// The topics of all open streams for which files must be looked at.
    pub fn topics(&self) -> Vec<Topic> {
        let mut inner = self.inner();
        inner.streams.retain(|stream| !stream.queue.is_closed());
        let mut topics: Vec<Topic> = Vec::new();
        for topic in inner.streams.iter().flat_map(|stream| &stream.topics) {
            if !topics.contains(topic) && !matches!(topic, Topic::Room(_)) {
                topics.push(topic.clone());
            }
        }
        topics
    }

    /// Ends all streams.
    pub fn close(&self) {
        self.inner().streams.clear();
    }

    /// The number of the last event.
    pub fn last_id(&self) -> u64 {
        self.inner().last_id
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn replay(&self, stream: &Stream, last: u64) {
        let first_kept = self.ring.front().map_or(self.last_id + 1, |event| event.id);
        if last > self.last_id || last + 1 < first_kept {
            stream.send(Arc::new(resync(self.last_id)));
            return;
        }
        let missed = self.ring.iter().filter(|event| event.id > last && stream.wants(event));
        missed.for_each(|event| stream.send(event.clone()));
    }
}

fn resync(id: u64) -> Event {
    Event { id, kind: "resync", data: "{}".into(), topic: None }
}

impl Stream {
    fn wants(&self, event: &Event) -> bool {
        event.topic.as_ref().is_none_or(|topic| self.topics.contains(topic))
    }

    /// Queues an event; false if the stream has ended. A reader that is too slow gets `resync`.
    fn offer(&mut self, event: &Arc<Event>) -> bool {
        if !self.wants(event) {
            return true;
        }
        let waiting = self.queue.max_capacity() - self.queue.capacity();
        if self.behind && waiting > 0 {
            return true;
        }
        self.behind = waiting >= QUEUE;
        let event = if self.behind { Arc::new(resync(event.id)) } else { event.clone() };
        self.queue.try_send(event).is_ok()
    }

    fn send(&self, event: Arc<Event>) {
        // The queue has room for the whole ring.
        let _ = self.queue.try_send(event);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kinds(receiver: &mut mpsc::Receiver<Arc<Event>>) -> Vec<(u64, &'static str)> {
        std::iter::from_fn(|| receiver.try_recv().ok()).map(|event| (event.id, event.kind)).collect()
    }

    #[test]
    fn a_stream_gets_its_topics_and_is_continued_after_a_loss() {
        let hub = Hub::default();
        let mut runs = hub.subscribe(vec![Topic::Runs], None);
        hub.publish(Topic::Runs, "runs", &json!({}));
        hub.publish(Topic::Run("a".into()), "series", &json!({}));
        hub.publish(Topic::Runs, "runs", &json!({}));
        assert_eq!(kinds(&mut runs), [(1, "runs"), (3, "runs")]);
        let continued = |last| kinds(&mut hub.subscribe(vec![Topic::Runs], Some(last)));
        assert_eq!(continued(1), [(3, "runs")]);
        assert_eq!(continued(3), []);
        assert_eq!(continued(7), [(3, "resync")], "an id of another process");
        for _ in 0..RING {
            hub.publish(Topic::Log("a".into()), "log", &json!({}));
        }
        assert_eq!(continued(2), [(1003, "resync")], "the ring has lost event 3");
        assert_eq!(continued(3), []);
    }

    #[test]
    fn a_slow_reader_gets_a_resync_and_goes_on_when_it_has_caught_up() {
        let hub = Hub::default();
        let mut slow = hub.subscribe(vec![Topic::Runs], None);
        let publish = |count: usize| (0..count).for_each(|_| hub.publish(Topic::Runs, "runs", &json!({})));
        publish(QUEUE + 50);
        let seen = kinds(&mut slow);
        assert_eq!((seen.len(), seen[QUEUE]), (QUEUE + 1, (QUEUE as u64 + 1, "resync")));
        publish(1);
        assert_eq!(kinds(&mut slow), [(QUEUE as u64 + 51, "runs")]);
    }

    #[test]
    fn topics_are_those_of_open_streams() {
        let hub = Hub::default();
        let run = Topic::Run("a,b".into());
        assert_eq!(
            Topic::list("runs,run:a,b,log:c:d"),
            Some(vec![Topic::Runs, run, Topic::Log("c:d".into())])
        );
        assert_eq!((Topic::list("walk"), Topic::list("runs,x")), (None, None));
        let stream = hub.subscribe(vec![Topic::Runs, Topic::Room("digits".into())], None);
        assert_eq!(hub.topics(), [Topic::Runs], "no file stands behind a room");
        drop(stream);
        assert_eq!(hub.topics(), []);
        let mut open = hub.subscribe(vec![Topic::Runs], None);
        hub.close();
        assert_eq!(open.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    }
}
