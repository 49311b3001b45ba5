//! TensorBoard's event files as a mirror of a run.

use std::path::Path;

use anyhow::Result;

use super::Tracker;
use crate::tensorboard::EventFile;
use crate::{Record, SCORE, State, step_of, unix_seconds};

/// Event files of a run, in its folder `tensorboard/`.
pub struct TensorBoard(EventFile);

impl TensorBoard {
    /// Begins another event file of the run in `folder`.
    pub fn start(folder: &Path) -> Result<Self> {
        Ok(Self(EventFile::create(&folder.join("tensorboard"))?))
    }
}

impl Tracker for TensorBoard {
    fn name(&self) -> &'static str {
        "TensorBoard"
    }

    fn go_on_from(&mut self, step: u64) -> Result<()> {
        // What belongs to this step itself was measured before, and is kept in the metrics too.
        self.0.session(step + 1)
    }

    /// Evaluations and training stand apart: TensorBoard groups by what stands before the stroke.
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

    fn comparison(&mut self, step: u64, rows: &[(String, f64)]) -> Result<()> {
        let rows: String = rows.iter().map(|(name, value)| format!("| {name} | {value:.4} |\n")).collect();
        self.0.text(step, unix_seconds(), "scores", &format!("| score | value |\n| --- | ---: |\n{rows}"))
    }

    fn finish(&mut self, _state: State) -> Result<Option<String>> {
        Ok(None)
    }
}
