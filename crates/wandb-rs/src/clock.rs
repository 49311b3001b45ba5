use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::messages::Timestamp;

/// The start time of a run and the running time of its earlier starts.
pub(crate) struct Clock {
    begun: Instant,
    /// The running time of the earlier starts, in seconds.
    earlier: f64,
}

impl Clock {
    pub fn new(earlier: f64) -> Self {
        Self { begun: Instant::now(), earlier }
    }

    /// The running time over all starts, in seconds.
    pub fn runtime(&self) -> f64 {
        self.earlier + self.begun.elapsed().as_secs_f64()
    }
}

pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(crate) fn timestamp(since_1970: Duration) -> Timestamp {
    Timestamp { seconds: since_1970.as_secs() as i64, nanos: since_1970.subsec_nanos() as i32 }
}
