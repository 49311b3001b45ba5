//! The schedule of a training run.

use super::RunKeys;
use crate::optim::Recipe;

/// The steps of a run, and the times of its logging, checkpoints and evaluations.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub steps: u64,
    pub steps_per_epoch: u64,
    pub log_every: u64,
    pub checkpoint_every_epochs: u64,
    /// Epochs between evaluations, the first before training. `None` evaluates at the end only.
    pub evaluate_every_epochs: Option<u64>,
    /// The evaluations without a better score after which training ends; `None` for no limit.
    pub patience: Option<usize>,
}

impl Plan {
    /// The plan of a run of whole epochs.
    pub fn new(settings: &RunKeys, recipe: &Recipe, steps_per_epoch: u64) -> Self {
        Self::of_steps(settings, recipe.epochs as u64 * steps_per_epoch, steps_per_epoch)
    }

    /// The plan of a run of `steps` steps: no steps with `eval_only`, one step with `quick_debug`.
    pub fn of_steps(settings: &RunKeys, steps: u64, steps_per_epoch: u64) -> Self {
        let (steps, steps_per_epoch) = match (settings.eval_only, settings.quick_debug) {
            (true, true) => (0, 1),
            (true, false) => (0, steps_per_epoch),
            (false, true) => (1, 1),
            (false, false) => (steps, steps_per_epoch),
        };
        Self {
            steps,
            steps_per_epoch,
            log_every: settings.log_every as u64,
            checkpoint_every_epochs: settings.safe_every_n_epochs as u64,
            evaluate_every_epochs: (!settings.eval_at_the_end_only)
                .then_some(settings.eval_every_n_epochs as u64),
            patience: None,
        }
    }

    pub fn epoch(&self, step: u64) -> f64 {
        step as f64 / self.steps_per_epoch as f64
    }

    pub fn is_due(&self, step: u64, every_epochs: u64) -> bool {
        step.is_multiple_of(self.steps_per_epoch.saturating_mul(every_epochs))
    }

    pub fn evaluates_at(&self, step: u64) -> bool {
        step == self.steps || self.evaluate_every_epochs.is_some_and(|every| self.is_due(step, every))
    }

    /// Also true before an evaluation, because a long evaluation may be stopped.
    pub fn checkpoints_at(&self, step: u64) -> bool {
        self.evaluates_at(step) || self.is_due(step, self.checkpoint_every_epochs)
    }

    pub fn logs_at(&self, step: u64) -> bool {
        step == self.steps || step.is_multiple_of(self.log_every)
    }
}
