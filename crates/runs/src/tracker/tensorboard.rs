//! A tracker that writes TensorBoard's event files.

use std::path::Path;

use anyhow::Result;

use super::Tracker;
use crate::tensorboard::EventFile;
use crate::{Record, SCORE, ScoreCard, State, step_of, unix_seconds};

/// The event file of one start of a run, in its folder `tensorboard/`.
pub struct TensorBoard(EventFile);

impl TensorBoard {
    /// Creates a new event file for the run in `folder`.
    pub fn start(folder: &Path) -> Result<Self> {
        Ok(Self(EventFile::create(&folder.join("tensorboard"))?))
    }
}

impl Tracker for TensorBoard {
    fn name(&self) -> &'static str {
        "TensorBoard"
    }

    fn resume_at(&mut self, step: u64) -> Result<()> {
        // Records of `step` itself are of before, and are kept.
        self.0.session(step + 1)
    }

    /// TensorBoard groups tags by the part before the slash: `training/...` and `evaluation/...`.
    fn record(&mut self, record: &Record) -> Result<()> {
        let step = step_of(record);
        let part = if record.contains_key(SCORE) { "evaluation" } else { "training" };
        let numbers = record.iter().filter(|(name, _)| *name != "step");
        let tagged: Vec<(String, f64)> = numbers
            .map(|(name, value)| (format!("{part}/{name}"), value.as_f64().unwrap_or(f64::NAN)))
            .collect();
        let scalars: Vec<(&str, f64)> = tagged.iter().map(|(tag, value)| (tag.as_str(), *value)).collect();
        self.0.scalars(step, unix_seconds(), &scalars)
    }

    fn figure(&mut self, step: u64, name: &str, png: &[u8]) -> Result<()> {
        self.0.image(step, unix_seconds(), name, png.to_vec())
    }

    fn scores(&mut self, step: u64, card: &ScoreCard) -> Result<()> {
        let row = |(name, value): &(String, f64)| format!("| {name} | {value:.4} |\n");
        let rows: String = card.comparison().iter().map(row).collect();
        self.0.text(step, unix_seconds(), "scores", &format!("| score | value |\n| --- | ---: |\n{rows}"))
    }

    fn finish(&mut self, _state: State) -> Result<Option<String>> {
        Ok(None)
    }
}
