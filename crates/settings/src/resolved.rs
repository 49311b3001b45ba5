//! Loaded settings with the origins of their values.

use serde::Serialize;

use super::{origin::Origin, ser, tree::Node, yaml};

/// Checked settings with the origin of each value.
#[derive(Clone, Debug)]
pub struct Resolved<T> {
    /// The settings.
    pub settings: T,
    pub(super) tree: Node,
}

impl<T: Serialize> Resolved<T> {
    /// All settings as YAML that can be loaded again, with the origin of each value in a comment.
    pub fn print(&self) -> String {
        yaml::write_commented(&to_tree(&self.settings), |key| self.origin(key).brief())
    }
}

impl<T> Resolved<T> {
    /// The origin of the value of a dotted key.
    pub fn origin(&self, key: &str) -> Origin {
        self.tree.get(key).map_or(Origin::Default, |node| node.origin.clone())
    }
}

/// Settings as YAML that reads as the same settings.
///
/// # Panics
/// If `settings` holds an enum with data, a tuple struct or bytes.
pub fn to_yaml<T: Serialize>(settings: &T) -> String {
    yaml::write(&to_tree(settings))
}

pub(super) fn to_tree<T: Serialize>(settings: &T) -> Node {
    ser::to_tree(settings)
        .expect("settings are structs, maps, lists, options, scalars and enums without data")
}
