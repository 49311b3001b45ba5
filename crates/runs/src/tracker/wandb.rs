//! W&B as a mirror of a run.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value as Json;
use wandb_rs::{Aggregate, Ending, Image, Metric, Run, Settings, Table, Value, latest_run_id};

use super::Tracker;
use crate::{Record, SCORE, State, step_of};

/// The project of runs that name none.
const PROJECT: &str = "umwelt";
/// The longest wait at the end of a run for an upload to a server that answers.
const FINISH_TIMEOUT: Duration = Duration::from_secs(120);

/// A run at W&B; its log lies in the run folder, in `wandb/`.
pub struct Wandb {
    run: Run,
    /// What belongs to one step is one row.
    row: Option<(u64, Vec<(String, Value)>)>,
}

impl Wandb {
    /// Starts mirroring the run in `folder`, or goes on with it. `WANDB_...` variables win over what is told here.
    ///
    /// # Errors
    /// When the log cannot be written. What is wrong with the server is a warning later on.
    pub fn start(
        folder: &Path,
        name: Option<&str>,
        group: Option<&str>,
        settings: &impl Serialize,
    ) -> Result<Self> {
        let is_open = |variable: &str| std::env::var_os(variable).is_none_or(|value| value.is_empty());
        let mut wanted = Settings::from_env().dir(folder).config(serde_json::to_value(settings)?);
        wanted = wanted.finish_timeout(FINISH_TIMEOUT);
        if is_open("WANDB_PROJECT") {
            wanted = wanted.project(PROJECT);
        }
        let own_name = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
        if let Some(name) = name.map(str::to_owned).or_else(own_name).filter(|_| is_open("WANDB_NAME")) {
            wanted = wanted.name(name);
        }
        if let Some(group) = group.filter(|_| is_open("WANDB_RUN_GROUP")) {
            wanted = wanted.group(group);
        }
        if let Some(id) = latest_run_id(folder).filter(|_| is_open("WANDB_RUN_ID")) {
            wanted = wanted.run_id(id);
        }
        let run = wanted.start()?;
        run.define_metric(Metric::new(SCORE).summary(Aggregate::Min))?;
        Ok(Self { run, row: None })
    }

    fn add(&mut self, step: u64, values: impl IntoIterator<Item = (String, Value)>) -> Result<()> {
        if self.row.as_ref().is_some_and(|(begun, _)| *begun != step) {
            self.flush()?;
        }
        self.row.get_or_insert_with(|| (step, vec![])).1.extend(values);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let Some((step, values)) = self.row.take() else { return Ok(()) };
        Ok(self.run.log(step, values)?)
    }
}

impl Tracker for Wandb {
    fn name(&self) -> &'static str {
        "W&B"
    }

    fn record(&mut self, record: &Record) -> Result<()> {
        let step = step_of(record);
        let numbers = record.iter().filter(|(name, _)| *name != "step");
        // What is not finite stands as null in a record.
        let value = |value: &Json| Value::from(value.as_f64().unwrap_or(f64::NAN));
        self.add(step, numbers.map(|(name, number)| (name.clone(), value(number))))
    }

    // No `go_on_from`: the client reads what earlier starts logged, and leaves out steps that are there already.

    fn figure(&mut self, step: u64, name: &str, png: &[u8]) -> Result<()> {
        let image = Image::png(png.to_vec())?;
        self.add(step, [(format!("figures/{name}"), image.into())])
    }

    fn comparison(&mut self, step: u64, rows: &[(String, f64)]) -> Result<()> {
        let table = Table::new(["score", "value"]);
        let table = rows
            .iter()
            .fold(table, |table, (name, value)| table.row([Json::from(name.as_str()), Json::from(*value)]));
        self.add(step, [("scores".into(), table.into())])
    }

    fn warnings(&mut self) -> Vec<String> {
        self.run.messages()
    }

    fn finish(&mut self, state: State) -> Result<Option<String>> {
        self.flush()?;
        if state == State::Interrupted {
            self.run.preempting()?;
        }
        let ending = self.run.finish(i32::from(!state.is_over()));
        Ok((ending != Ending::Disabled).then(|| ending.to_string()))
    }
}
