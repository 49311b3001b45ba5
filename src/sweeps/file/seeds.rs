//! `seeds`: with which seeds each point is tried.

use super::super::{parameters::choices, reading::wrong, setting::Setting};
use crate::settings::{Key, Node, Scalar, SettingsError, Value, from_tree};

/// Reads a list of seeds, or a number n that stands for 1 to n.
pub(super) fn read(key: &Key, node: &Node) -> Result<Vec<Setting>, SettingsError> {
    let setting = |value: Value, node: &Node| {
        let (key_origin, origin) = (key.origin.clone(), node.origin.clone());
        Setting { key: "seed".into(), value, key_origin, origin }
    };
    if let Value::List(nodes) = &node.value {
        choices(node, "seeds")?;
        nodes.iter().try_for_each(|node| seed(node).map(drop))?;
        return Ok(nodes.iter().map(|node| setting(node.value.clone(), node)).collect());
    }
    let count = seed(node)?;
    if count == 0 {
        return Err(wrong(&node.origin, "seeds", "must be 1 or more, or a list of seeds"));
    }
    Ok((1..=count).map(|seed| setting(Value::Scalar(Scalar::plain(seed.to_string())), node)).collect())
}

fn seed(node: &Node) -> Result<u64, SettingsError> {
    from_tree::<u64>(node).map_err(|error| error.under("seeds"))
}
