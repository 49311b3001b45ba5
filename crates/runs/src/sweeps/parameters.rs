//! The sections `parameters` and `labels` of a sweep file.

use super::{
    condition::Condition,
    distribution::{self, SPEC},
    domain::{Domain, choices},
    reading::{entries, wrong},
    setting::{Setting, check_key},
    space::{Dimension, Kind},
};
use umwelt_settings::{Key, Node, NumberKind, SettingsError, Value, join};

type Result<T> = std::result::Result<T, SettingsError>;

/// A lookup from dotted keys to the kind of number that their settings take, if any.
pub(super) type Kinds<'a> = &'a dyn Fn(&str) -> Option<NumberKind>;

/// The content of `parameters`: the varied keys and the constants.
#[derive(Default)]
pub(super) struct Parameters {
    pub dimensions: Vec<Dimension>,
    pub fixed: Vec<Setting>,
}

/// Reads `parameters`, in which keys are nested, dotted or both.
pub(super) fn read(node: &Node, kinds: Kinds<'_>) -> Result<Parameters> {
    let mut parameters = Parameters::default();
    parameters.collect(entries(node, "parameters")?, "", kinds)?;
    Ok(parameters)
}

/// Reads `labels`.
pub(super) fn read_labels(node: &Node) -> Result<Vec<Dimension>> {
    let label = |(key, node): &(Key, Node)| {
        let path = join("labels", &key.name);
        let (domain, when) = match &node.value {
            Value::Map(_) => varying(node, &path, None)?,
            _ => (Domain::Choices(choices(node, &path)?), Vec::new()),
        };
        Ok(Dimension { name: key.name.clone(), kind: Kind::Label, domain, when, origin: key.origin.clone() })
    };
    entries(node, "labels")?.iter().map(label).collect()
}

impl Parameters {
    fn collect(&mut self, entries: &[(Key, Node)], dotted: &str, kinds: Kinds<'_>) -> Result<()> {
        for (key, node) in entries {
            let name = join(dotted, &key.name);
            check_key(&name, &key.origin, "parameters")?;
            self.parameter(name, key, node, kinds)?;
        }
        Ok(())
    }

    fn parameter(&mut self, name: String, key: &Key, node: &Node, kinds: Kinds<'_>) -> Result<()> {
        let path = join("parameters", &name);
        match &node.value {
            Value::Scalar(_) => self.fixed.push(setting(name, key, node)),
            Value::List(_) => self.vary(name, key, Domain::Choices(choices(node, &path)?), Vec::new()),
            Value::Map(below) if below.is_empty() => {
                return Err(wrong(&node.origin, &path, "is empty; give a list of values, or min and max"));
            }
            Value::Map(below) if !is_spec(below) => {
                // W&B nests through a key named `parameters`.
                match &below[..] {
                    [(inner, Node { value: Value::Map(nested), .. })] if inner.name == "parameters" => {
                        self.collect(nested, &name, kinds)?;
                    }
                    _ => self.collect(below, &name, kinds)?,
                }
            }
            Value::Map(below) => match constant(below) {
                Some(value) => {
                    distribution::check_constant(below, &path)?;
                    self.fixed.push(setting(name, key, value));
                }
                None => {
                    let (domain, when) = varying(node, &path, kinds(&name))?;
                    self.vary(name, key, domain, when);
                }
            },
        }
        Ok(())
    }

    fn vary(&mut self, name: String, key: &Key, domain: Domain, when: Vec<Condition>) {
        let origin = key.origin.clone();
        self.dimensions.push(Dimension { name, kind: Kind::Parameter, domain, when, origin });
    }
}

fn setting(name: String, key: &Key, node: &Node) -> Setting {
    let (key_origin, origin) = (key.origin.clone(), node.origin.clone());
    Setting { key: name, value: node.value.clone(), key_origin, origin }
}

fn is_spec(entries: &[(Key, Node)]) -> bool {
    entries.iter().any(|(key, _)| SPEC.contains(&key.name.as_str()))
}

/// The constant value of a parameter without conditions.
fn constant(entries: &[(Key, Node)]) -> Option<&Node> {
    let get = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
    if get("when").is_some() { None } else { get("value") }
}

fn varying(node: &Node, path: &str, kind: Option<NumberKind>) -> Result<(Domain, Vec<Condition>)> {
    let domain = distribution::read(node, path, kind)?;
    let when = entries(node, path)?.iter().find(|(key, _)| key.name == "when");
    let when = when.map(|(_, node)| Condition::read_all(node, &join(path, "when"))).transpose()?;
    Ok((domain, when.unwrap_or_default()))
}
