//! Dotted keys with values, and the placeholders in them.

use std::collections::HashMap;

use super::{
    domain::shown,
    reading::{entries, wrong},
    scalar::equal,
};
use umwelt_settings::{Key, Node, Origin, Scalar, SettingsError, Value, join};

/// One setting and its place in the sweep file.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// The value; text in it may hold placeholders.
    pub value: Value,
    /// The place of the key.
    pub key_origin: Origin,
    /// The place of the value.
    pub origin: Origin,
}

/// The settings of a mapping with nested or dotted keys, or both.
pub(super) fn flatten(node: &Node, path: &str) -> Result<Vec<Setting>, SettingsError> {
    let mut settings = Vec::new();
    collect(entries(node, path)?, "", path, &mut settings)?;
    check_new(&settings, path)?;
    Ok(settings)
}

fn collect(
    entries: &[(Key, Node)],
    dotted: &str,
    path: &str,
    settings: &mut Vec<Setting>,
) -> Result<(), SettingsError> {
    for (key, node) in entries {
        let dotted = join(dotted, &key.name);
        match &node.value {
            Value::Map(below) if !below.is_empty() => collect(below, &dotted, path, settings)?,
            value => {
                let (key_origin, origin) = (key.origin.clone(), node.origin.clone());
                check_key(&dotted, &key_origin, path)?;
                settings.push(Setting { key: dotted, value: value.clone(), key_origin, origin });
            }
        }
    }
    Ok(())
}

/// Refuses keys such as `a..b`.
pub(super) fn check_key(dotted: &str, origin: &Origin, path: &str) -> Result<(), SettingsError> {
    if dotted.split('.').any(|name| name.trim().is_empty()) {
        return Err(wrong(origin, &join(path, dotted), "a part of the key is empty"));
    }
    Ok(())
}

fn check_new(settings: &[Setting], path: &str) -> Result<(), SettingsError> {
    let mut known = HashMap::new();
    for setting in settings {
        if let Some(first) = known.insert(&setting.key, &setting.key_origin) {
            let message = format!("duplicate key, first given at {first}");
            return Err(wrong(&setting.key_origin, &join(path, &setting.key), message));
        }
    }
    Ok(())
}

/// The last value of a key, as a person writes it.
pub(super) fn value_of(settings: &[Setting], key: &str) -> Option<String> {
    settings.iter().rev().find(|setting| setting.key == key).map(|setting| shown(&setting.value))
}

/// True if the keys are equal or one is a section that holds the other.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    let within = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
    a == b || within(a, b) || within(b, a)
}

/// Equality of two lists of settings, in any order and spelling.
pub(super) fn same_settings(a: &[Setting], b: &[Setting]) -> bool {
    a.len() == b.len()
        && a.iter()
            .all(|setting| value_of(b, &setting.key).is_some_and(|v| equal(&v, &shown(&setting.value))))
}

/// The placeholders in `text`: the names in braces, in order.
pub(super) fn placeholders(text: &str) -> Vec<&str> {
    let after_braces = text.split('{').skip(1);
    after_braces
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|n| is_name(n))
        .collect()
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// `text` with each placeholder replaced by its value from `fill`, if it has one.
pub(super) fn filled(text: &str, fill: &impl Fn(&str) -> Option<String>) -> String {
    placeholders(text).into_iter().fold(text.to_owned(), |text, name| match fill(name) {
        Some(value) => text.replace(&format!("{{{name}}}"), &value),
        None => text,
    })
}

/// `value` with its placeholders filled. The result is resolved like text without quotes.
pub(super) fn filled_value(value: &Value, fill: &impl Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::Scalar(scalar) if !placeholders(&scalar.text).is_empty() => {
            Value::Scalar(Scalar::plain(filled(&scalar.text, fill)))
        }
        Value::List(nodes) => {
            let fill = |node: &Node| Node { value: filled_value(&node.value, fill), ..node.clone() };
            Value::List(nodes.iter().map(fill).collect())
        }
        other => other.clone(),
    }
}
