//! Mirrors of a run, such as W&B: they show elsewhere what the run folder holds.

mod tensorboard;
mod wandb;

pub use tensorboard::TensorBoard;
pub use wandb::Wandb;

use anyhow::Result;

use super::metrics::Record;
use super::status::State;

/// Shows a run elsewhere. When one fails, the failure is told once and the run goes on without it.
pub trait Tracker {
    /// What it is called in a warning.
    fn name(&self) -> &'static str;

    /// The run has taken `step` steps and goes on from there; what was shown of later ones is void.
    fn go_on_from(&mut self, _step: u64) -> Result<()> {
        Ok(())
    }

    /// A line of the metrics, as it was logged.
    fn record(&mut self, record: &Record) -> Result<()>;

    /// A figure of the run at `step`, as PNG.
    fn figure(&mut self, step: u64, name: &str, png: &[u8]) -> Result<()>;

    /// Numbers that stand side by side in an evaluation: scores and floors, by name.
    fn comparison(&mut self, step: u64, rows: &[(String, f64)]) -> Result<()>;

    /// Warnings that came up meanwhile, each told once.
    fn warnings(&mut self) -> Vec<String> {
        vec![]
    }

    /// The run is left, for good or to be resumed. What it returns is worth telling.
    fn finish(&mut self, state: State) -> Result<Option<String>>;
}

/// All that mirror a run.
#[derive(Default)]
pub struct Trackers {
    trackers: Vec<Box<dyn Tracker>>,
    warnings: Vec<String>,
}

impl Trackers {
    pub fn push(&mut self, tracker: Box<dyn Tracker>) {
        self.trackers.push(tracker);
    }

    /// Lets each tracker show something; one that fails is left.
    pub fn each(&mut self, mut show: impl FnMut(&mut dyn Tracker) -> Result<()>) {
        self.trackers.retain_mut(|tracker| {
            let result = show(tracker.as_mut());
            self.warnings.extend(tracker.warnings());
            let Err(error) = result else { return true };
            let note = "the run goes on without it, and everything is in the run folder";
            self.warnings.push(format!("{}: {error:#}; {note}", tracker.name()));
            false
        });
    }

    /// Ends all of them and returns what they have to say.
    pub fn finish(&mut self, state: State) -> Vec<String> {
        let mut told = vec![];
        self.each(|tracker| {
            told.extend(tracker.finish(state)?);
            Ok(())
        });
        self.trackers.clear();
        told
    }

    /// Warnings not yet told.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}
