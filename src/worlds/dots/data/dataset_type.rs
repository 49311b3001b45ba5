//! The dots of a world and their roles.

use serde::{Deserialize, Serialize};

/// The number of dots; the first one moves by the actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatasetType {
    /// One dot.
    #[default]
    Single,
    /// Three dots: two moving ones and a standing one.
    Multiple,
}

/// The motion of a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Moves by the actions that the model receives.
    Action,
    /// Moves in the same way, by hidden actions.
    Other,
    /// Stands still.
    Standing,
}

impl DatasetType {
    /// The roles of the dots, in the order of channels and locations.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Single => &[Role::Action],
            Self::Multiple => &[Role::Action, Role::Other, Role::Standing],
        }
    }
}

impl Role {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Action => "action dot",
            Self::Other => "other moving dot",
            Self::Standing => "standing dot",
        }
    }
}
