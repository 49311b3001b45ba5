//! Rooms of worlds: pages of `umwelt serve` that ask the model in a run's checkpoint.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use umwelt_base::UserError;
use umwelt_serve::{EmbeddedFile, Model, ModelRoom};

use super::WorldSettings;
use crate::runs::{Inputs, Record};
use crate::training::{RunKeys, World};

/// The threads of a model that is asked; the others are left to runs.
const THREADS: i32 = 1;

/// A world with a page on which its models are asked.
pub trait WorldRoom: World + 'static {
    /// The page's path: `worlds/dots`.
    const ROOM: &'static str;
    /// Its entry in the menu.
    const TITLE: &'static str;
    /// The values of `model_type` whose runs the page opens.
    const OPENS: &'static [&'static str] = Self::MODELS;

    /// The file of a run that the models are read from, or that says that they are there; without
    /// one, its preferred checkpoint.
    const FILE: Option<&'static str> = None;

    /// True for the settings of a run that the page opens.
    fn opens(settings: &Record) -> bool {
        let model = settings.get("model_type").and_then(|model| model.as_str());
        model.is_some_and(|model| Self::OPENS.contains(&model))
    }

    /// A file of the page.
    fn file(name: &str) -> Option<EmbeddedFile>;

    /// The trained model, on the CPU.
    ///
    /// # Errors
    /// Names the setting that cannot be met here, such as a data set that is missing.
    fn open(&self, run: &TrainedRun) -> Result<Box<dyn Model>>;
}

/// A run whose model is opened.
pub struct TrainedRun {
    pub keys: RunKeys,
    /// The results of the runs that it builds on.
    pub inputs: Inputs,
    pub checkpoint: PathBuf,
}

/// The settings of the run in a folder, and the results of the runs that it builds on.
pub type Load = fn(&Path) -> Result<(WorldSettings, RunKeys, Inputs)>;

/// The room of the world with the settings `S`.
pub fn room<S: WorldRoom>(load: Load) -> ModelRoom {
    let open = move |run: &Path, checkpoint: &Path| {
        tch::set_num_threads(THREADS);
        let opened = open::<S>(load, run, checkpoint);
        // Whatever is missing is told on the page, and can be mended.
        opened.map_err(|error| UserError(format!("{error:#}")).into())
    };
    ModelRoom {
        name: S::ROOM,
        title: S::TITLE,
        file: S::file,
        opens: S::opens,
        result: S::FILE,
        open: Arc::new(open),
    }
}

fn open<S: WorldRoom>(load: Load, run: &Path, checkpoint: &Path) -> Result<Box<dyn Model>> {
    let (settings, keys, inputs) = load(run)?;
    let settings: &S = settings.get().context("the run is of another world")?;
    settings.open(&TrainedRun { keys, inputs, checkpoint: checkpoint.to_owned() })
}
