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
