//! The settings of a run: its names, mode, server and folder.

mod files;
mod netrc;
mod vars;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use files::read_settings_files;
pub(crate) use netrc::password;
use serde_json::{Map, Value};

use crate::{Error, Run};

/// The storage of a run: uploaded, on disk only, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Written to disk and uploaded while the program runs.
    Online,
    /// Written to disk only; `wandb sync` uploads it later.
    Offline,
    /// Not stored. Every call does nothing.
    Disabled,
}

/// The condition for continuing an earlier run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Resume {
    /// Continue if there is a folder of a run with the same id.
    #[default]
    IfHere,
    Always,
    Never,
    /// Continue the run that started last in this folder.
    Latest,
}

/// The settings of a run. [`start`](Self::start) starts it.
///
/// Values set here have priority over the environment, and the environment over W&B's settings
/// files. In a sweep, the project, entity and run id from `wandb agent` have priority.
#[derive(Clone, Default)]
pub struct Settings {
    pub(crate) mode: Option<Mode>,
    pub(crate) project: Option<String>,
    pub(crate) entity: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) sweep_id: Option<String>,
    pub(crate) resume: Resume,
    pub(crate) base_url: Option<String>,
    pub(crate) app_url: Option<String>,
    pub(crate) api_key: Option<String>,
    /// The key in W&B's settings file, used if `~/.netrc` has none.
    pub(crate) api_key_in_file: Option<String>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) core: Option<PathBuf>,
    pub(crate) config: Map<String, Value>,
    pub(crate) finish_timeout: Option<Duration>,
    pub(crate) stats_interval: Option<Duration>,
    /// The environment variables, for later look-ups.
    pub(crate) vars: BTreeMap<String, String>,
    /// Warnings about invalid values.
    pub(crate) mistakes: Vec<String>,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $name: impl Into<String>) -> Self {
            self.$name = Some($name.into());
            self
        }
    )*};
}

impl Settings {
    /// Sets the mode: online, offline or disabled.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets the project. The server has a default.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        let project = Some(project.into());
        self.project = if self.sweep_id.is_some() { self.project.or(project) } else { project };
        self
    }

    /// Sets the user or team. The server's default is the owner of the API key.
    pub fn entity(mut self, entity: impl Into<String>) -> Self {
        let entity = Some(entity.into());
        self.entity = if self.sweep_id.is_some() { self.entity.or(entity) } else { entity };
        self
    }

    /// Sets the run's id, which must be unique in its project. The default is random.
    pub fn run_id(mut self, id: impl Into<String>) -> Self {
        let id = Some(id.into());
        self.run_id = if self.sweep_id.is_some() { self.run_id.or(id) } else { id };
        self
    }

    texts! {
        /// Sets the name of the run on its page.
        name
        /// Sets the group of the run.
        group
        /// Sets the part of the run in its group, such as `train` or `eval`.
        job_type
        /// Sets a longer description.
        notes
        /// Sets the server's address. The default is that of the installed wheel.
        base_url
        /// Sets the API key. Without one, it is read from `~/.netrc` or W&B's settings file.
        api_key
    }

    /// Adds tags.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Adds settings to the run: an object whose keys are added to those given before. Any other
    /// value is stored under the key `config`.
    pub fn config(mut self, config: Value) -> Self {
        match config {
            Value::Object(keys) => self.config.extend(keys),
            other => drop(self.config.insert("config".into(), other)),
        }
        self
    }

    /// Sets the folder that contains the `wandb` folder. The default is the current folder.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// With `true`, the run continues an earlier run of the same id, on disk or on the server. By
    /// default, it does so if [`dir`](Self::dir) has a run of that id.
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = if resume { Resume::Always } else { Resume::Never };
        self
    }

    /// Sets the uploader, `wandb-core` of the Python wheel. By default, it is searched for.
    pub fn core(mut self, program: impl Into<PathBuf>) -> Self {
        self.core = Some(program.into());
        self
    }

    /// Sets the longest time that [`Run::finish`] waits for the upload. The default is 30 seconds.
    pub fn finish_timeout(mut self, timeout: Duration) -> Self {
        self.finish_timeout = Some(timeout);
        self
    }

    /// Sets the interval between records of the machine's load (feature `stats`). The default is 10
    /// seconds.
    pub fn stats_interval(mut self, interval: Duration) -> Self {
        self.stats_interval = Some(interval);
        self
    }

    /// Starts the run without waiting for the server.
    ///
    /// # Errors
    /// [`Error::RunId`], or [`Error::Folder`] and [`Error::Write`] if the run's folder cannot be
    /// written.
    pub fn start(self) -> Result<Run, Error> {
        Run::start(self)
    }
}

/// Leaves out keys and variables, which are secret.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown.field("mode", &self.mode).field("entity", &self.entity).field("project", &self.project);
        shown.field("run_id", &self.run_id).field("dir", &self.dir).finish_non_exhaustive()
    }
}
