//! `parameters` and `labels`: what varies by itself.

use std::collections::HashMap;

use super::{
    condition::{Condition, canonical},
    distribution::{self, SPEC},
    domain::{Choice, Domain, shown},
    reading::{entries, items, number, wrong},
    setting::{Setting, check_key},
    space::{Dimension, Kind},
};
use umwelt_settings::{Key, Node, NumberKind, SettingsError, Value, inline, join};

type Result<T> = std::result::Result<T, SettingsError>;

/// Which numbers the setting of a dotted key takes, if any.
pub(super) type Kinds<'a> = &'a dyn Fn(&str) -> Option<NumberKind>;

/// What `parameters` brings.
#[derive(Default)]
pub(super) struct Parameters {
    pub dimensions: Vec<Dimension>,
    pub fixed: Vec<Setting>,
}

/// Reads `parameters`; nested keys are the same as dotted ones.
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
                // W&B nests with a key of this name.
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

/// The one value of a parameter that always applies.
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

/// The values of a list, all as likely.
pub(super) fn choices(node: &Node, path: &str) -> Result<Vec<Choice>> {
    let nodes = items(node, path)?;
    let share = 1.0 / nodes.len() as f64;
    let (mut choices, mut known): (Vec<Choice>, HashMap<String, usize>) = Default::default();
    for node in nodes {
        let choice = choice(node, share);
        if let Some(first) = known.insert(canonical(&choice.shown), choices.len()) {
            let message = format!("{} is given twice, first at {}", choice.shown, choices[first].origin);
            return Err(wrong(&node.origin, path, message));
        }
        choices.push(choice);
    }
    Ok(choices)
}

pub(super) fn choice(node: &Node, share: f64) -> Choice {
    Choice { text: inline(&node.value), shown: shown(&node.value), share, origin: node.origin.clone() }
}

/// Gives each choice the share that the list `node` says.
pub(super) fn weigh(choices: &mut [Choice], node: &Node, path: &str) -> Result<()> {
    let nodes = items(node, path)?;
    if nodes.len() != choices.len() {
        let message =
            format!("expected {} numbers, one for each value, found {}", choices.len(), nodes.len());
        return Err(wrong(&node.origin, path, message));
    }
    for (choice, node) in choices.iter_mut().zip(nodes) {
        choice.share = number(node, path)?;
        if choice.share <= 0.0 {
            return Err(wrong(&node.origin, path, format!("must be above 0, but is {}", choice.share)));
        }
    }
    let sum: f64 = choices.iter().map(|choice| choice.share).sum();
    choices.iter_mut().for_each(|choice| choice.share /= sum);
    Ok(())
}
