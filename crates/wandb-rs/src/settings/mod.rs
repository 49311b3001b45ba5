//! What a run should be called and where it should go.

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

/// Whether a run is uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Written to disk and uploaded beside the program.
    Online,
    /// Written to disk only; `wandb sync` uploads it later.
    Offline,
    /// Neither: every call does nothing.
    Disabled,
}

/// When a run goes on that was started before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Resume {
    /// If a folder of the same id lies beside the new one.
    #[default]
    IfHere,
    Always,
    Never,
    /// As the run that started last here.
    Latest,
}

/// What a run should be called and where it should go; [`start`](Self::start) begins it.
///
/// Values set here win over the environment, which wins over W&B's settings files. Only a sweep's
/// project, entity and run id stay as `wandb agent` gave them.
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
    /// Asked after `~/.netrc`.
    pub(crate) api_key_in_file: Option<String>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) core: Option<PathBuf>,
    pub(crate) config: Map<String, Value>,
    pub(crate) finish_timeout: Option<Duration>,
    pub(crate) stats_interval: Option<Duration>,
    /// The variables themselves, for what is looked up later.
    pub(crate) vars: BTreeMap<String, String>,
    /// What was wrong with them.
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
    /// Online, offline or disabled.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// The project; the server has a default.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        let project = Some(project.into());
        self.project = if self.sweep_id.is_some() { self.project.or(project) } else { project };
        self
    }

    /// The user or team; the server knows the key's owner.
    pub fn entity(mut self, entity: impl Into<String>) -> Self {
        let entity = Some(entity.into());
        self.entity = if self.sweep_id.is_some() { self.entity.or(entity) } else { entity };
        self
    }

    /// The run's id: unique in its project, chosen at random where none is given.
    pub fn run_id(mut self, id: impl Into<String>) -> Self {
        let id = Some(id.into());
        self.run_id = if self.sweep_id.is_some() { self.run_id.or(id) } else { id };
        self
    }

    texts! {
        /// What the run is called on the page.
        name
        /// The group it belongs to.
        group
        /// Its part in the group, such as `train` or `eval`.
        job_type
        /// A longer description.
        notes
        /// The server's address; without one, the installed wheel's own.
        base_url
        /// The key; without one, `~/.netrc` and W&B's settings file are asked.
        api_key
    }

    /// Tags, in addition to those there are.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// The run's settings: an object whose keys are added to those given before. Anything else
    /// becomes the value of a key called `config`.
    pub fn config(mut self, config: Value) -> Self {
        match config {
            Value::Object(keys) => self.config.extend(keys),
            other => drop(self.config.insert("config".into(), other)),
        }
        self
    }

    /// Where the `wandb` folder lies; the current folder by default.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Goes on with an earlier run of the same id, here or at the server. Without this, a run goes
    /// on if one of its id lies in [`dir`](Self::dir).
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = if resume { Resume::Always } else { Resume::Never };
        self
    }

    /// The uploader, `wandb-core` of the Python wheel; looked for where none is given.
    pub fn core(mut self, program: impl Into<PathBuf>) -> Self {
        self.core = Some(program.into());
        self
    }

    /// The longest that [`Run::finish`] waits for the upload; 30 seconds by default.
    pub fn finish_timeout(mut self, timeout: Duration) -> Self {
        self.finish_timeout = Some(timeout);
        self
    }

    /// How often the machine's load is logged, with the feature `stats`; every 10 seconds by
    /// default.
    pub fn stats_interval(mut self, interval: Duration) -> Self {
        self.stats_interval = Some(interval);
        self
    }

    /// Begins the run. The server is not asked: a run starts the same without one.
    ///
    /// # Errors
    /// [`Error::RunId`], or [`Error::Folder`] and [`Error::Write`] if the run's folder cannot be
    /// written.
    pub fn start(self) -> Result<Run, Error> {
        Run::start(self)
    }
}

/// Without keys and variables, which are secret.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown.field("mode", &self.mode).field("entity", &self.entity).field("project", &self.project);
        shown.field("run_id", &self.run_id).field("dir", &self.dir).finish_non_exhaustive()
    }
}
