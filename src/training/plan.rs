//! When things happen.

/// When things happen, in epochs and steps.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub epochs: u64,
    pub steps_per_epoch: u64,
    pub log_every: u64,
    pub checkpoint_every_epochs: u64,
    /// Epochs between evaluations, the first before training; none evaluates at the end only.
    pub evaluate_every_epochs: Option<u64>,
    pub clip_norm: Option<f64>,
}

impl Plan {
    pub fn steps(&self) -> u64 {
        self.epochs * self.steps_per_epoch
    }

    pub fn epoch(&self, step: u64) -> f64 {
        step as f64 / self.steps_per_epoch as f64
    }

    pub fn is_due(&self, step: u64, every_epochs: u64) -> bool {
        step.is_multiple_of(self.steps_per_epoch * every_epochs)
    }

    pub fn evaluates_at(&self, step: u64) -> bool {
        step == self.steps() || self.evaluate_every_epochs.is_some_and(|every| self.is_due(step, every))
    }

    /// Before an evaluation too, which may take long enough to be stopped.
    pub fn checkpoints_at(&self, step: u64) -> bool {
        self.evaluates_at(step) || self.is_due(step, self.checkpoint_every_epochs)
    }

    pub fn logs_at(&self, step: u64) -> bool {
        step == self.steps() || step.is_multiple_of(self.log_every)
    }
}
