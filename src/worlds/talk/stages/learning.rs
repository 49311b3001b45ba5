//! Stages that train a task and leave a folder with what it learnt.

use std::path::Path;

use anyhow::{Context, Result};
use tch::Device;

use crate::runs::{Inputs, best_checkpoint_path};
use crate::training::{Job, RunKeys, Session, Task, Training, load_model_tensors};
use crate::worlds::talk::settings::TalkSettings;

/// A task whose model becomes a folder.
pub trait Learner: Task + Sized {
    /// The folder in the run folder.
    const FOLDER: &'static str;

    /// # Errors
    /// When a model or the messages cannot be read.
    fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self>;

    /// Writes the models.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn save(&self, folder: &Path) -> Result<()>;
}

/// The run of such a stage: training, then the folder with the model that had the best score.
pub struct Learning<T>(Training<T>);

impl<T: Learner> Learning<T> {
    /// # Errors
    /// As [`Learner::new`].
    pub fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        Ok(Self(Training::new(T::new(talk, run, device, inputs)?, &Inputs::default())))
    }
}

impl<T: Learner> Job for Learning<T> {
    fn title(&self) -> String {
        self.0.title()
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let ended = self.0.run(session)?;
        let (task, run) = (self.0.task(), session.run.path());
        let best = best_checkpoint_path(run);
        task.parameters().assign(&load_model_tensors(&best)?).with_context(|| best.display().to_string())?;
        task.save(&run.join(T::FOLDER))?;
        Ok(ended)
    }
}
