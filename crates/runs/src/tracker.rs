//! Trackers, such as W&B: mirrors of a run folder in other programs.

mod tensorboard;
mod wandb;

pub use tensorboard::TensorBoard;
pub use wandb::Wandb;

use anyhow::Result;

use super::ScoreCard;
use super::metrics::Record;
use super::status::State;

/// A mirror of a run. A tracker that fails is dropped with a warning, and the run continues.
pub trait Tracker {
    /// The tracker's name for warnings.
    fn name(&self) -> &'static str;

    /// Resumes the run after `step` steps. Records of later steps are void.
    fn resume_at(&mut self, _step: u64) -> Result<()> {
        Ok(())
    }

    /// Shows a line of the metrics.
    fn record(&mut self, record: &Record) -> Result<()>;

    /// Shows a figure of the run at `step`, given as PNG.
    fn figure(&mut self, step: u64, name: &str, png: &[u8]) -> Result<()>;

    /// Shows the scores and baselines of the evaluation at `step`.
    fn scores(&mut self, step: u64, card: &ScoreCard) -> Result<()>;

    /// The warnings since the last call.
    fn warnings(&mut self) -> Vec<String> {
        vec![]
    }

    /// Ends the mirror of a run that is over or will be resumed. Returns a closing message.
    fn finish(&mut self, state: State) -> Result<Option<String>>;
}

/// The trackers of a run.
#[derive(Default)]
pub struct Trackers {
    trackers: Vec<Box<dyn Tracker>>,
    warnings: Vec<String>,
}

impl Trackers {
    pub fn push(&mut self, tracker: Box<dyn Tracker>) {
        self.trackers.push(tracker);
    }

    /// Calls `show` for each tracker, and drops those that fail.
    pub fn each(&mut self, mut show: impl FnMut(&mut dyn Tracker) -> Result<()>) {
        self.trackers.retain_mut(|tracker| {
            let result = show(tracker.as_mut());
            self.warnings.extend(tracker.warnings());
            let Err(error) = result else { return true };
            let note = "the run continues without it, and everything is in the run folder";
            self.warnings.push(format!("{}: {error:#}; {note}", tracker.name()));
            false
        });
    }

    /// Finishes all trackers and returns their closing messages.
    pub fn finish(&mut self, state: State) -> Vec<String> {
        let mut messages = vec![];
        self.each(|tracker| {
            messages.extend(tracker.finish(state)?);
            Ok(())
        });
        self.trackers.clear();
        messages
    }

    /// The warnings since the last call.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}
