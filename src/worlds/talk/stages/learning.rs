//! Stages that train a task and leave a folder with what it learnt.

use std::path::Path;

use anyhow::Result;
use tch::Device;

use crate::runs::Inputs;
use crate::training::{Job, RunKeys, Session, Task, Training};
use crate::worlds::talk::settings::TalkSettings;

/// A task whose model becomes a folder.
pub trait Learner: Task + Sized {
    /// The folder in the run folder.
    const FOLDER: &'static str;

    /// # Errors
    /// When a model or the messages cannot be read.
    fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self>;

    /// Writes the trained models.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn save(&self, folder: &Path) -> Result<()>;
}

/// The run of such a stage: training, then the folder.
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
        self.0.task().save(&session.run.path().join(T::FOLDER))?;
        Ok(ended)
    }
}
