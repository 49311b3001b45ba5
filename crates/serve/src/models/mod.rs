//! Rooms that ask the trained model of a run: `/worlds/NAME?run=RUN`.
//!
//! A world brings a [`ModelRoom`]; the run, its checkpoint, the thread and the bounds are common to
//! all. Nothing here changes a run.

mod endpoints;
mod thread;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;
use umwelt_base::UserError;
use umwelt_runs::preferred_checkpoint;
use umwelt_runs::registry::{FileStamp, Run, open_beneath};

use crate::room::Opens;
use crate::{ApiError, Dashboard, EmbeddedFile, Room};
pub use thread::ModelThread;

/// A trained model behind a page. It stays on the thread that opened it.
pub trait Model {
    /// All that the page needs before its first question, as a JSON object.
    ///
    /// # Errors
    /// When the model cannot be asked.
    fn described(&mut self) -> Result<Value>;

    /// The answer to a question of the page.
    ///
    /// # Errors
    /// [`umwelt_base::UserError`] for a question that no page of ours asks.
    fn answer(&mut self, question: Value) -> Result<Value>;
}

/// The model of the run in a folder, from a checkpoint of it.
pub type OpenModel = Arc<dyn Fn(&Path, &Path) -> Result<Box<dyn Model>> + Send + Sync>;

/// A room that asks the model of a run.
pub struct ModelRoom {
    /// The page's path, such as `worlds/NAME`.
    pub name: &'static str,
    /// Its entry in the menu.
    pub title: &'static str,
    /// The files below `/web/` and its name, of which `NAME.js` exports the component `Room`.
    pub file: fn(&str) -> Option<EmbeddedFile>,
    /// True for the settings of runs that the room can open.
    pub opens: Opens,
    /// The file of a run that tells that its models are there; `None` for its checkpoint.
    pub result: Option<&'static str>,
    pub open: OpenModel,
}

impl ModelRoom {
    /// The room over the runs of `dashboard`, whose models live on `thread`.
    pub fn over(self, dashboard: &Arc<Dashboard>, thread: &Arc<ModelThread>) -> Room {
        let (name, title, file, opens) = (self.name, self.title, self.file, self.opens);
        let endpoints = endpoints::router(self, dashboard.clone(), thread.clone());
        Room { name, title, endpoints, file, opens: Some(opens) }
    }

    /// The checkpoint of a run that the room can open, or the result in its place, with its stamp.
    ///
    /// # Errors
    /// The run is of another world, has no such file yet, or only one behind a link.
    fn checkpoint(&self, run: &Run) -> Result<(PathBuf, FileStamp), ApiError> {
        let name = &run.summary.name;
        if !(self.opens)(&run.summary.settings) {
            let hint = format!("choose one of the runs that /{} lists", self.name);
            return Err(ApiError::bad(
                format!("`{name}` is a run of another kind than this page shows"),
                hint,
            ));
        }
        let none = || {
            let hint = "wait until it has written one, or choose another run";
            let what = self.result.unwrap_or("checkpoint");
            ApiError::new(StatusCode::CONFLICT, format!("`{name}` has no {what} yet"), hint)
        };
        let checkpoint = match self.result {
            Some(file) => Some(run.folder.join(file)).filter(|file| file.exists()),
            None => preferred_checkpoint(&run.folder).ok(),
        };
        let checkpoint = checkpoint.ok_or_else(none)?;
        let own = checkpoint.strip_prefix(&run.folder).unwrap_or(&checkpoint);
        let refused = |error| {
            let hint = "a checkpoint must be a file of the run folder itself";
            ApiError::forbidden(format!("the checkpoint of `{name}` is refused: {error}"), hint)
        };
        let stamp = FileStamp::of(&open_beneath(&run.folder, own).map_err(refused)?.metadata()?);
        Ok((checkpoint, stamp))
    }
}

/// A question as the type that a world reads.
///
/// # Errors
/// The question has another shape, of which the message names the part.
pub fn parsed<T: DeserializeOwned>(question: Value) -> Result<T, UserError> {
    serde_json::from_value(question).map_err(|error| UserError(format!("{error}; load the page again")))
}
