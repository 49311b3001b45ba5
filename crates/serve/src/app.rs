//! What all endpoints share.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use umwelt_runs::RunSummary;
use umwelt_runs::registry::{Registry, Run};
use umwelt_settings::{self as settings, Difference, Schema};

use crate::ApiError;
use crate::columns::ColumnStore;
use crate::events::Hub;
use crate::live::{Live, Snapshot};
use crate::room::{Entry, Publisher};
use crate::started::Started;

/// The most streams of events at a time.
const STREAMS: usize = 32;

/// The options of the dashboard.
#[derive(Clone, Debug)]
pub struct DashboardOptions {
    /// True if runs may be stopped, resumed, removed and noted.
    pub actions: bool,
    /// The time between two looks at files that may change.
    pub poll: Duration,
    /// The bytes of columns to keep in memory.
    pub memory: usize,
    /// The processes that may be started at a time.
    pub max_started: usize,
}

impl Default for DashboardOptions {
    fn default() -> Self {
        let poll = Duration::from_secs(2);
        Self { actions: false, poll, memory: 512 << 20, max_started: 1 }
    }
}

/// The dashboard over the runs of a registry.
pub struct Dashboard {
    pub(crate) registry: Registry,
    pub(crate) options: DashboardOptions,
    pub(crate) store: ColumnStore,
    pub(crate) live: Live,
    pub(crate) events: Arc<Hub>,
    /// The rooms in the menu.
    pub(crate) rooms: OnceLock<Vec<Entry>>,
    pub(crate) started: Started,
    /// The streams that may still be opened.
    pub(crate) streams: Arc<Semaphore>,
    /// The settings of the run in a folder that differ from their defaults (on the right).
    changed_settings: fn(&Path) -> Option<Vec<Difference>>,
}

impl Dashboard {
    /// The dashboard over `registry`, whose runs have settings of the schema `T`.
    pub fn new<T: Schema>(registry: Registry, options: DashboardOptions) -> Arc<Self> {
        Arc::new(Self {
            store: ColumnStore::new(options.memory),
            live: Live::new(registry.clone(), options.poll),
            events: Arc::default(),
            rooms: OnceLock::new(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            started: Started::new(options.max_started),
            registry,
            options,
            changed_settings: changed_settings::<T>,
        })
    }

    /// Makes the next answer look at the whole tree again.
    pub fn invalidate(&self) {
        self.live.invalidate();
    }

    /// A sender of events for rooms.
    pub fn publisher(&self) -> Publisher {
        Publisher(self.events.clone())
    }

    /// All runs at this moment.
    pub(crate) fn runs(&self) -> Result<Arc<Snapshot>, ApiError> {
        Ok(self.live.snapshot()?)
    }

    /// The run of this name. A name is looked up in the list and never joined to the root.
    pub(crate) fn run(&self, name: &str) -> Result<Run, ApiError> {
        let unknown = || ApiError::missing(format!("there is no run `{name}`"), "/api/runs lists all runs");
        let summary = self.live.run(name)?.ok_or_else(unknown)?;
        Ok(self.with_folder(&summary))
    }

    /// The runs of these names.
    pub(crate) fn runs_named<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<Vec<Run>, ApiError> {
        names.map(|name| self.run(name)).collect()
    }

    /// A run with its folder.
    pub(crate) fn with_folder(&self, summary: &RunSummary) -> Run {
        Run { folder: self.registry.folder_of(&summary.name), summary: summary.clone() }
    }

    /// The settings of a run that differ from their defaults; `None` if this version cannot read
    /// them.
    pub(crate) fn changed_settings(&self, run: &Run) -> Option<Vec<Difference>> {
        (self.changed_settings)(&run.folder)
    }
}

fn changed_settings<T: Schema>(folder: &Path) -> Option<Vec<Difference>> {
    let loaded = settings::load::<T>(&[folder.join("settings.yaml")], &[]).ok()?.settings;
    Some(settings::differences(&loaded, &loaded.defaults()))
}
