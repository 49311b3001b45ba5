//! Rooms: further pages behind the same guard, each with endpoints, files and events of its own.

use std::sync::Arc;

use axum::Router;
pub use rust_embed::EmbeddedFile;
use serde::Serialize;
use serde_json::{Value, json};

use crate::events::{Hub, Topic};

/// A page at `/NAME`.
pub struct Room {
    /// Small letters.
    pub name: &'static str,
    /// Its entry in the menu.
    pub title: &'static str,
    /// The endpoints, whose paths begin with `/api/NAME/`.
    pub endpoints: Router,
    /// The files below `/web/NAME/`. The module `NAME.js` exports the page as the component `Room`.
    pub file: fn(&str) -> Option<EmbeddedFile>,
}

/// The entry of a room in the menu.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    name: &'static str,
    title: &'static str,
}

impl Room {
    pub(crate) fn entry(&self) -> Entry {
        Entry { name: self.name, title: self.title }
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
