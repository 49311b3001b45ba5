//! Rooms: further pages behind the same guard, each with endpoints, files and events of its own.

use std::sync::Arc;

use axum::Router;
pub use rust_embed::EmbeddedFile;
use serde::Serialize;
use serde_json::{Value, json};
use umwelt_runs::{Record, RunSummary};

use crate::events::{Hub, Topic};

/// True for the settings of a run, by dotted key, that a room can open.
pub type Opens = fn(&Record) -> bool;

/// A page at `/NAME`.
pub struct Room {
    /// Small letters, with slashes between parts.
    pub name: &'static str,
    /// Its entry in the menu.
    pub title: &'static str,
    /// The endpoints, whose paths begin with `/api/NAME/`.
    pub endpoints: Router,
    /// The files below `/web/NAME/`. The module named as the last part of the name, with `.js`,
    /// exports the page as the component `Room`.
    pub file: fn(&str) -> Option<EmbeddedFile>,
    /// The runs that the room opens, at `/NAME?run=RUN`; `None` if it opens none.
    pub opens: Option<Opens>,
}

/// The entry of a room in the menu.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    name: &'static str,
    title: &'static str,
    #[serde(skip)]
    opens: Option<Opens>,
}

impl Room {
    pub(crate) fn entry(&self) -> Entry {
        Entry { name: self.name, title: self.title, opens: self.opens }
    }
}

impl Entry {
    /// True if the room opens `run`.
    pub(crate) fn opens(&self, run: &RunSummary) -> bool {
        self.opens.is_some_and(|opens| opens(&run.settings))
    }
}

/// A sender of events to the pages that watch `room:NAME`.
#[derive(Clone)]
pub struct Publisher(pub(crate) Arc<Hub>);

impl Publisher {
    /// Sends `data` as an event `room` with the room's name.
    pub fn publish(&self, room: &str, data: &Value) {
        let data = json!({"room": room, "data": data});
        self.0.publish(Topic::Room(room.to_owned()), "room", &data);
    }
}
