//! A tree of values, each with where it was given.

use std::collections::HashMap;

use super::{
    origin::Origin,
    scalar::{Meaning, resolve},
};

/// A value and where it was given.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Value,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A scalar keeps its text, for fields that want text whatever it looks like.
#[derive(Clone, Debug)]
pub struct Scalar {
    pub text: String,
    pub meaning: Meaning,
}

#[derive(Clone, Debug)]
pub struct Key {
    pub name: String,
    pub origin: Origin,
}

impl Node {
    pub fn empty() -> Self {
        Self { value: Value::Map(Vec::new()), origin: Origin::Default }
    }

    /// Lays `over` upon this: maps merge, everything else is replaced.
    pub fn merge(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Map(entries), Value::Map(others)) => {
                merge_entries(entries, others);
            }
            (_, value) => *self = Self { value, origin: over.origin },
        }
    }

    /// The node at a dotted key.
    pub fn get(&self, dotted: &str) -> Option<&Self> {
        dotted.split('.').try_fold(self, |node, name| match &node.value {
            Value::Map(entries) => entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node),
            _ => None,
        })
    }

    /// Dotted keys of all that is no map, or an empty one, in order.
    pub fn leaves(&self) -> Vec<(String, &Value)> {
        let mut leaves = Vec::new();
        self.collect_leaves("", &mut leaves);
        leaves
    }

    fn collect_leaves<'a>(&'a self, dotted: &str, leaves: &mut Vec<(String, &'a Value)>) {
        match &self.value {
            Value::Map(entries) if !entries.is_empty() => {
                for (key, node) in entries {
                    node.collect_leaves(&join(dotted, &key.name), leaves);
                }
            }
            value => leaves.push((dotted.to_owned(), value)),
        }
    }
}

/// `section.name`, or the name alone at the top.
pub fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

fn merge_entries(entries: &mut Vec<(Key, Node)>, others: Vec<(Key, Node)>) {
    let places = entries.iter().enumerate().map(|(place, (key, _))| (key.name.clone(), place));
    let places: HashMap<String, usize> = places.collect();
    for (key, node) in others {
        match places.get(&key.name) {
            Some(place) => entries[*place].1.merge(node),
            None => entries.push((key, node)),
        }
    }
}

impl Scalar {
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { meaning: resolve(&text), text }
    }

    pub fn quoted(text: impl Into<String>) -> Self {
        Self { text: text.into(), meaning: Meaning::Text }
    }
}
