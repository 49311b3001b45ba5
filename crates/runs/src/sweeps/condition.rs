//! The conditions of `when` and `exclude`.

use super::{
    domain::shown,
    reading::{entries, wrong},
    scalar::equal,
    setting::{Setting, flatten},
};
use umwelt_settings::{Node, Origin, SettingsError, Value};

/// A condition on one name or key: its value must be one of some.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The name of a dimension, or a dotted key.
    pub key: String,
    /// The allowed values as a person writes them, each with its place in the sweep file.
    pub allowed: Vec<(String, Origin)>,
    /// The place of the key.
    pub origin: Origin,
}

impl Condition {
    /// Reads a mapping of keys to a value or a list of values.
    pub fn read_all(node: &Node, path: &str) -> Result<Vec<Self>, SettingsError> {
        if entries(node, path)?.is_empty() {
            return Err(wrong(&node.origin, path, "is empty; name a key and its values"));
        }
        Ok(flatten(node, path)?.into_iter().map(Self::of).collect())
    }

    fn of(setting: Setting) -> Self {
        let allowed = match &setting.value {
            Value::List(nodes) => {
                nodes.iter().map(|node| (shown(&node.value), node.origin.clone())).collect()
            }
            value => vec![(shown(value), setting.origin.clone())],
        };
        Self { key: setting.key, allowed, origin: setting.key_origin }
    }

    /// True if `value` is one of those allowed; a missing value never is.
    pub fn holds(&self, value: Option<&str>) -> bool {
        value.is_some_and(|value| self.allowed.iter().any(|(allowed, _)| equal(allowed, value)))
    }
}
