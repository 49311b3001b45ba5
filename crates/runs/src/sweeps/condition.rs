//! `when` and `exclude`: conditions on what else a point says.

use super::{
    domain::shown,
    reading::{entries, wrong},
    setting::flatten,
};
use umwelt_settings::{Meaning, Node, Origin, SettingsError, Value, resolve};

/// That a name or key has one of some values.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The name of a dimension, or a dotted key.
    pub key: String,
    /// What it may be, as a person would write it, and where that was given.
    pub allowed: Vec<(String, Origin)>,
    /// Where the key was given.
    pub origin: Origin,
}

impl Condition {
    /// Reads a mapping of keys to a value or a list of values.
    pub fn read_all(node: &Node, path: &str) -> Result<Vec<Self>, SettingsError> {
        if entries(node, path)?.is_empty() {
            return Err(wrong(&node.origin, path, "is empty; name a key and its values"));
        }
        let read = |setting: super::setting::Setting| {
            let allowed = match &setting.value {
                Value::List(nodes) => {
                    nodes.iter().map(|node| (shown(&node.value), node.origin.clone())).collect()
                }
                value => vec![(shown(value), setting.origin.clone())],
            };
            Self { key: setting.key, allowed, origin: setting.key_origin }
        };
        Ok(flatten(node, path)?.into_iter().map(read).collect())
    }

    /// Whether `value` is one of those allowed; what has no value fulfils nothing.
    pub fn holds(&self, value: Option<&str>) -> bool {
        value.is_some_and(|value| self.allowed.iter().any(|(allowed, _)| same(allowed, value)))
    }
}

/// Whether two values as written are one: `0.5` is `0.50`, and `true` is `True`.
pub(super) fn same(a: &str, b: &str) -> bool {
    a == b || canonical(a) == canonical(b)
}

/// The one spelling of all values that are the same.
pub(super) fn canonical(text: &str) -> String {
    let number = match resolve(text) {
        Meaning::Bool(truth) => return truth.to_string(),
        #[allow(clippy::cast_precision_loss, reason = "settings that differ only there do not occur")]
        Meaning::Int(value) => value as f64,
        Meaning::Float(value) => value,
        _ => return text.to_owned(),
    };
    // 0 has two signs.
    if number.is_nan() { text.to_owned() } else { format!("{:?}", number + 0.0) }
}
