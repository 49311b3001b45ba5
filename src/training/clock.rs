//! The speed of training.

use std::time::Instant;

/// Measures steps per second since the last evaluation, and seconds since the last call of `take`.
pub struct Clock {
    started: Instant,
    first_step: u64,
    taken: Instant,
}

impl Clock {
    pub fn start(step: u64) -> Self {
        Self { started: Instant::now(), first_step: step, taken: Instant::now() }
    }

    pub fn lap(&self, step: u64) -> f64 {
        (step - self.first_step) as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }

    pub fn take(&mut self) -> f64 {
        std::mem::replace(&mut self.taken, Instant::now()).elapsed().as_secs_f64()
    }
}
