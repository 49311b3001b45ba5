//! Typed reads from a sweep file, with errors that name key and place.

use umwelt_settings::{Key, Meaning, Node, Origin, Scalar, SettingsError, Value, found, from_tree};

type Result<T> = std::result::Result<T, SettingsError>;

/// An error about `key` at `origin`.
pub(super) fn wrong(origin: &Origin, key: &str, message: impl Into<String>) -> SettingsError {
    SettingsError::plain(message).under(key).at(origin)
}

/// The entries of a mapping.
pub(super) fn entries<'a>(node: &'a Node, path: &str) -> Result<&'a [(Key, Node)]> {
    match &node.value {
        Value::Map(entries) => Ok(entries),
        other => Err(expected("a mapping of keys to values", other, node, path)),
    }
}

/// The items of a list, which must not be empty.
pub(super) fn items<'a>(node: &'a Node, path: &str) -> Result<&'a [Node]> {
    match &node.value {
        Value::List(nodes) if nodes.is_empty() => Err(wrong(&node.origin, path, "an empty list")),
        Value::List(nodes) => Ok(nodes),
        other => Err(expected("a list", other, node, path)),
    }
}

/// The text of a scalar of any type.
pub(super) fn text(node: &Node, path: &str) -> Result<String> {
    from_tree::<String>(node).map_err(|error| error.under(path))
}

/// A finite number.
pub(super) fn number(node: &Node, path: &str) -> Result<f64> {
    let value: f64 = from_tree(node).map_err(|error| error.under(path))?;
    if value.is_finite() { Ok(value) } else { Err(wrong(&node.origin, path, "must be finite")) }
}

/// True for a number written without a fraction.
pub(super) fn is_whole(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(Scalar { meaning: Meaning::Int(_), .. }))
}

fn expected(wanted: &str, value: &Value, node: &Node, path: &str) -> SettingsError {
    wrong(&node.origin, path, format!("expected {wanted}, found {}", found(value)))
}
