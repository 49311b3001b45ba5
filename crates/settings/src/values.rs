//! Arguments of `--values KEY=VALUE`, with the rules of `OmegaConf`'s dotlist.

use std::sync::Arc;

use super::{
    error::SettingsError,
    origin::Origin,
    parse::{Source, parse},
    tree::{Key, Node, Scalar, Value},
};

/// A tree with one leaf. The key ends at the first `=`. The value is YAML; an empty one is null.
///
/// As in `OmegaConf`, `list[0]=3` makes a mapping `list` with the key `0`, which replaces a list.
pub fn parse_argument(argument: &str) -> Result<Node, SettingsError> {
    let source: Arc<str> = argument.into();
    let origin = Origin::Values(source.clone());
    let Some((dotted, text)) = argument.split_once('=') else {
        return Err(SettingsError::plain("expected KEY=VALUE, such as seed=1").at(&origin));
    };
    let names: Vec<&str> = dotted.split(['.', '[']).map(|name| name.trim_end_matches(']')).collect();
    if names.iter().any(|name| name.trim().is_empty()) {
        return Err(
            SettingsError::plain("a part of the key is empty; expected SECTION.KEY=VALUE").at(&origin)
        );
    }
    let null = || Node { value: Value::Scalar(Scalar::plain("")), origin: origin.clone() };
    let leaf = parse(Source::Values(source), text)?.unwrap_or_else(null);
    Ok(names.into_iter().rev().fold(leaf, |node, name| wrap(name, node, &origin)))
}

fn wrap(name: &str, node: Node, origin: &Origin) -> Node {
    let key = Key { name: name.into(), origin: origin.clone() };
    Node { value: Value::Map(vec![(key, node)]), origin: origin.clone() }
}
