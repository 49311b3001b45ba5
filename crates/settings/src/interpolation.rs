//! The refusal of `OmegaConf`'s `${...}` and `???`, which are not supported.

use super::{
    error::SettingsError,
    tree::{Node, Value},
};

const INTERPOLATION: &str = "`${...}` is not filled in here; write the value itself, or give it by --values, where \
                             the shell can fill it in";
const MISSING: &str = "`???` marks a value that is still missing; write the value, or give it by --values";

/// Refuses interpolations and marks of missing values, with their place and key.
pub fn refuse_interpolation(node: &Node) -> Result<(), SettingsError> {
    match &node.value {
        Value::Scalar(scalar) => {
            reason(&scalar.text).map_or(Ok(()), |reason| Err(SettingsError::plain(reason).at(&node.origin)))
        }
        Value::List(nodes) => nodes.iter().enumerate().try_for_each(|(place, node)| {
            refuse_interpolation(node).map_err(|error| error.under(&format!("[{place}]")))
        }),
        Value::Map(entries) => entries
            .iter()
            .try_for_each(|(key, node)| refuse_interpolation(node).map_err(|error| error.under(&key.name))),
    }
}

fn reason(text: &str) -> Option<&'static str> {
    match text {
        "???" => Some(MISSING),
        _ if text.contains("${") => Some(INTERPOLATION),
        _ => None,
    }
}
