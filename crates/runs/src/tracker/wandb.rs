//! A tracker that mirrors a run at W&B.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value as Json;
use wandb_rs::{Aggregate, Ending, Image, Metric, Run, Settings, Table, Value, latest_run_id};

use super::Tracker;
use crate::{Goal, Record, SCORE, ScoreCard, State, step_of};

/// The default project.
const PROJECT: &str = "umwelt";
/// The longest wait at the end of a run for an upload to a server that answers.
const FINISH_TIMEOUT: Duration = Duration::from_secs(120);

/// A run at W&B, with its log in the folder `wandb/` of the run folder.
pub struct Wandb {
    run: Run,
    /// The step and values of the row that is not logged yet. All values of a step form one row.
    row: Option<(u64, Vec<(String, Value)>)>,
    /// True once the goals of the scores are defined.
    has_goals: bool,
}

impl Wandb {
    /// Starts or resumes the mirror of the run in `folder`. `WANDB_...` variables override the
    /// arguments.
    ///
    /// # Errors
    /// The log cannot be written. A problem with the server is a later warning.
    pub fn start(
        folder: &Path,
        name: Option<&str>,
        group: Option<&str>,
        settings: &impl Serialize,
    ) -> Result<Self> {
        let is_unset = |variable: &str| std::env::var_os(variable).is_none_or(|value| value.is_empty());
        let mut options = Settings::from_env().dir(folder).config(serde_json::to_value(settings)?);
        options = options.finish_timeout(FINISH_TIMEOUT);
        if is_unset("WANDB_PROJECT") {
            options = options.project(PROJECT);
        }
        let own_name = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
        if let Some(name) = name.map(str::to_owned).or_else(own_name).filter(|_| is_unset("WANDB_NAME")) {
            options = options.name(name);
        }
        if let Some(group) = group.filter(|_| is_unset("WANDB_RUN_GROUP")) {
            options = options.group(group);
        }
        if let Some(id) = latest_run_id(folder).filter(|_| is_unset("WANDB_RUN_ID")) {
            options = options.run_id(id);
        }
        let run = options.start()?;
        run.define_metric(Metric::new(SCORE).summary(Aggregate::Min))?;
        Ok(Self { run, row: None, has_goals: false })
    }

    /// Defines the goal of each score once. The summary keeps the last value of each score.
    fn define_goals(&mut self, card: &ScoreCard) -> Result<()> {
        if !std::mem::replace(&mut self.has_goals, true) {
            for score in &card.scores {
                self.run.define_metric(Metric::new(&score.name).goal(wandb_goal(score.goal)))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, step: u64, values: impl IntoIterator<Item = (String, Value)>) -> Result<()> {
        if self.row.as_ref().is_some_and(|(row_step, _)| *row_step != step) {
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

fn wandb_goal(goal: Goal) -> wandb_rs::Goal {
    match goal {
        Goal::Minimize => wandb_rs::Goal::Minimize,
        Goal::Maximize => wandb_rs::Goal::Maximize,
    }
}

impl Tracker for Wandb {
    fn name(&self) -> &'static str {
        "W&B"
    }

    fn record(&mut self, record: &Record) -> Result<()> {
        let step = step_of(record);
        let numbers = record.iter().filter(|(name, _)| *name != "step");
        // A record holds null for a number that is not finite.
        let value = |value: &Json| Value::from(value.as_f64().unwrap_or(f64::NAN));
        self.add(step, numbers.map(|(name, number)| (name.clone(), value(number))))
    }

    // `resume_at` does nothing: the client skips the steps in the logs of earlier starts.

    fn figure(&mut self, step: u64, name: &str, png: &[u8]) -> Result<()> {
        let image = Image::png(png.to_vec())?;
        self.add(step, [(format!("figures/{name}"), image.into())])
    }

    fn scores(&mut self, step: u64, card: &ScoreCard) -> Result<()> {
        self.define_goals(card)?;
        let rows = card.comparison().into_iter();
        let table = rows.fold(Table::new(["score", "value"]), |table, (name, value)| {
            table.row([Json::from(name), Json::from(value)])
        });
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
