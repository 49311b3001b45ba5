//! The section `seeds` of a sweep file.

use super::super::{domain::choices, reading::wrong, setting::Setting, space::MOST_RUNS};
use umwelt_settings::{Key, Node, Scalar, SettingsError, Value, from_tree};

/// Reads a list of seeds, or a number n for the seeds 1 to n.
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
    if count > MOST_RUNS as u64 {
        return Err(wrong(&node.origin, "seeds", format!("{}; {}", too_many(count), as_list(count))));
    }
    Ok((1..=count).map(|seed| setting(Value::Scalar(Scalar::plain(seed.to_string())), node)).collect())
}

fn too_many(count: u64) -> String {
    format!("means the seeds 1 to {count}, but a sweep has at most {MOST_RUNS} runs")
}

/// A hint for a seed that was read as a number of seeds.
pub(super) fn as_list(count: u64) -> String {
    format!("if {count} is the seed, write `seeds: [{count}]`")
}

fn seed(node: &Node) -> Result<u64, SettingsError> {
    from_tree::<u64>(node).map_err(|error| error.under("seeds"))
}
