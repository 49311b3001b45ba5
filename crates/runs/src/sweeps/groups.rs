//! The section `groups` of a sweep file: named sets of settings that vary together.

use super::{
    domain::{Choice, Domain},
    reading::{entries, items, text, wrong},
    setting::{flatten, same_settings},
    space::{Dimension, Kind, Member},
};
use umwelt_settings::{Key, Meaning, Node, Origin, Scalar, SettingsError, Value, expand_path, inline, join};

type Result<T> = std::result::Result<T, SettingsError>;

/// Reads `groups`.
pub(super) fn read(node: &Node) -> Result<Vec<Dimension>> {
    entries(node, "groups")?.iter().map(|(key, node)| group(key, node)).collect()
}

fn group(key: &Key, node: &Node) -> Result<Dimension> {
    let path = join("groups", &key.name);
    let named = entries(node, &path)?;
    if named.is_empty() {
        return Err(wrong(&node.origin, &path, "is empty; give names, each with its settings"));
    }
    let members: Vec<Member> =
        named.iter().map(|(key, node)| member(key, node, &path)).collect::<Result<_>>()?;
    if let Some((a, b)) = equal_members(&members) {
        return Err(wrong(&key.origin, &path, format!("{a} and {b} are the same settings")));
    }
    let share = 1.0 / members.len() as f64;
    let choice = |(key, _): &(Key, Node)| Choice {
        text: inline(&Value::Scalar(Scalar::plain(&key.name))),
        shown: key.name.clone(),
        share,
        origin: key.origin.clone(),
    };
    let domain = Domain::Choices(named.iter().map(choice).collect());
    let (name, origin) = (key.name.clone(), key.origin.clone());
    Ok(Dimension { name, kind: Kind::Group(members), domain, when: Vec::new(), origin })
}

fn member(key: &Key, node: &Node, path: &str) -> Result<Member> {
    let path = join(path, &key.name);
    let name = key.name.clone();
    let null = matches!(node.value, Value::Scalar(Scalar { meaning: Meaning::Null, .. }));
    let entries = if null { &[] } else { entries(node, &path)? };
    let (own, rest): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(|(key, _)| key.name == "configs");
    let configs = own.first().map(|(_, node)| configs(node, &join(&path, "configs"))).transpose()?;
    let settings = flatten(&Node { value: Value::Map(rest), origin: node.origin.clone() }, &path)?;
    Ok(Member { name, configs: configs.unwrap_or_default(), settings })
}

/// Reads one settings file or a list of them.
pub(super) fn configs(node: &Node, path: &str) -> Result<Vec<(String, Origin)>> {
    let nodes = match &node.value {
        Value::Scalar(_) => std::slice::from_ref(node),
        _ => items(node, path)?,
    };
    nodes.iter().map(|node| Ok((file_path(node, path)?, node.origin.clone()))).collect()
}

/// The path of a settings file, with `~/` expanded to the home folder.
pub(super) fn file_path(node: &Node, path: &str) -> Result<String> {
    expand_path(&text(node, path)?).map_err(|error| error.under(path).at(&node.origin))
}

/// The names of two members with equal files and settings, if any.
pub(super) fn equal_members(members: &[Member]) -> Option<(&str, &str)> {
    let files = |member: &Member| member.configs.iter().map(|(file, _)| file.clone()).collect::<Vec<_>>();
    let same = |a: &Member, b: &Member| files(a) == files(b) && same_settings(&a.settings, &b.settings);
    let pairs = members.iter().enumerate().flat_map(|(k, a)| members[k + 1..].iter().map(move |b| (a, b)));
    pairs.into_iter().find(|(a, b)| same(a, b)).map(|(a, b)| (a.name.as_str(), b.name.as_str()))
}
