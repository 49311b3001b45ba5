//! Experiments: settings from which a job can be made, with the runs that it needs first.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tch::Device;

use super::{Evaluation, Job, RunKeys, Task, Training};
use crate::runs::{Input, Inputs, run_name};
use crate::settings::{Schema, identity};
use umwelt_base::UserError;

/// The setting that names the checkpoint to start from or to evaluate.
pub const LOAD_CHECKPOINT: &str = "load_checkpoint_path";
/// The value of an input setting for which its stage is made.
pub const AUTO: &str = "auto";
/// The folder of the stages.
const STAGES: &str = "runs/stages";

/// The settings of a run, whatever its world.
pub trait Experiment: Schema {
    /// The keys of every run.
    fn run(&self) -> &RunKeys;

    /// The settings that name other runs and have a value.
    fn inputs(&self) -> Vec<InputSetting<Self>>;

    /// The job of a run with these settings and inputs.
    ///
    /// # Errors
    /// Names the setting that cannot be met here, such as a data set that is missing.
    fn job(&self, work: Work, device: Device, inputs: &Inputs) -> Result<Box<dyn Job>>;
}

/// The kind of work that a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Trains a model, and evaluates it on the way.
    Train,
    /// Evaluates the checkpoint that `load_checkpoint_path` names.
    Evaluate,
}

impl Work {
    /// The job that does this work on `task`.
    ///
    /// # Errors
    /// When the checkpoint to evaluate is missing from `inputs`.
    pub fn on<T: Task + 'static>(self, task: T, inputs: &Inputs) -> Result<Box<dyn Job>> {
        Ok(match self {
            Self::Train => Box::new(Training::new(task, inputs)),
            Self::Evaluate => Box::new(Evaluation::new(task, inputs)?),
        })
    }
}

/// A setting whose value names another run: a run folder, a checkpoint file, or `auto`.
pub struct InputSetting<S> {
    /// The dotted key.
    pub key: Cow<'static, str>,
    pub value: String,
    /// The files of the run folder that may be its result, the best first; none for checkpoints.
    pub results: &'static [&'static str],
    /// The run that `auto` stands for, if there is one.
    pub stage: Option<Stage<S>>,
}

/// A run that is made because another run needs its result.
pub struct Stage<S> {
    /// The name in the folder's name and in messages.
    pub name: &'static str,
    pub settings: S,
}

impl<S> InputSetting<S> {
    /// A copy with the settings of its stage changed by `change`.
    pub fn map<T>(self, change: impl FnOnce(S) -> T) -> InputSetting<T> {
        let Self { key, value, results, stage } = self;
        let stage = stage.map(|Stage { name, settings }| Stage { name, settings: change(settings) });
        InputSetting { key, value, results, stage }
    }

    /// The stage to make, where the value is `auto`.
    fn into_stage(self) -> Result<Option<Stage<S>>, UserError> {
        if self.value != AUTO {
            return Ok(None);
        }
        let no_stage = || {
            let reason = "names a run folder or a checkpoint; no run can be made for `auto` here";
            UserError(format!("{}: {reason}", self.key))
        };
        self.stage.ok_or_else(no_stage).map(Some)
    }
}

impl<S: Experiment> Stage<S> {
    /// The folder of the stage. All runs that need a stage of the same settings share it.
    pub fn folder(&self) -> PathBuf {
        Path::new(STAGES).join(run_name(self.name, &identity(&self.settings)))
    }
}

/// The stages that a run of `settings` needs. Each follows the stages that it needs itself.
///
/// # Errors
/// A setting is `auto` where no stage can be made, or makes a stage of invalid settings.
pub fn stages<S: Experiment>(settings: &S) -> Result<Vec<Stage<S>>, UserError> {
    let mut all: Vec<Stage<S>> = vec![];
    for input in settings.inputs() {
        let key = input.key.clone();
        let Some(stage) = input.into_stage()? else { continue };
        let invalid = |(at, reason)| UserError(format!("{key}: stage {}: {at} {reason}", stage.name));
        stage.settings.check().map_err(invalid)?;
        let needed = stages(&stage.settings)?;
        for stage in needed.into_iter().chain([stage]) {
            if all.iter().all(|known| known.folder() != stage.folder()) {
                all.push(stage);
            }
        }
    }
    Ok(all)
}

/// The inputs of a run of `settings`, whose stages are made.
///
/// # Errors
/// A setting names a run without a checkpoint, or a file that cannot be read.
pub fn inputs<S: Experiment>(settings: &S) -> Result<Inputs> {
    let read = |input: InputSetting<S>| {
        let (key, results, named) = (input.key.clone(), input.results, PathBuf::from(&input.value));
        let path = input.into_stage()?.map_or(named, |stage| stage.folder());
        Input::read(&key, &path, results)
    };
    Ok(Inputs::new(settings.inputs().into_iter().map(read).collect::<Result<_>>()?))
}
