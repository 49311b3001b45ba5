//! Settings that were loaded, and how they are written.

use serde::Serialize;

use super::{origin::Origin, ser, tree::Node, yaml};

/// Checked settings that remember where each value was given.
#[derive(Clone, Debug)]
pub struct Resolved<T> {
    /// The settings.
    pub settings: T,
    pub(super) tree: Node,
}

impl<T: Serialize> Resolved<T> {
    /// All settings as YAML, each value with a comment that says where it was given. It can be loaded again.
    pub fn print(&self) -> String {
        yaml::write_commented(&to_tree(&self.settings), |key| self.origin(key).brief())
    }
}

impl<T> Resolved<T> {
    /// Where the value of a dotted key was given.
    pub fn origin(&self, key: &str) -> Origin {
        self.tree.get(key).map_or(Origin::Default, |node| node.origin.clone())
    }
}

/// Settings as YAML that reads as the same settings.
///
/// # Panics
/// If `settings` holds what no settings should: an enum with data, a tuple struct, bytes.
pub fn to_yaml<T: Serialize>(settings: &T) -> String {
    yaml::write(&to_tree(settings))
}

pub(super) fn to_tree<T: Serialize>(settings: &T) -> Node {
    ser::to_tree(settings)
        .expect("settings are structs, maps, lists, options, scalars and enums without data")
}
