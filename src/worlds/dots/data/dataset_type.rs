//! How many dots a world has.

use serde::{Deserialize, Serialize};

/// One dot, or three of which the first obeys the actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatasetType {
    /// One dot.
    #[default]
    Single,
    /// Three dots: two that move, one that stands still.
    Multiple,
}

/// What a dot does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Moves by the actions that a model is given.
    Action,
    /// Moves in the same way, by actions that no model is given.
    Other,
    /// Stands still.
    Standing,
}

impl DatasetType {
    /// The dots in the order of their channels and locations.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Single => &[Role::Action],
            Self::Multiple => &[Role::Action, Role::Other, Role::Standing],
        }
    }
}

impl Role {
    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Action => "action dot",
            Self::Other => "other moving dot",
            Self::Standing => "standing dot",
        }
    }
}
