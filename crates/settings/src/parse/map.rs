//! Mappings: unique keys, and `<<`.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, ScalarStyle, Span, Tag};

use super::{Reader, Result};
use crate::{
    error::SettingsError,
    origin::Origin,
    tree::{Key, Node, Value},
};

impl<'i> Reader<'i> {
    pub(super) fn map(&mut self, tag: Option<&Tag>, span: Span) -> Result<Value> {
        self.check_tag(tag, span)?;
        let mut entries = Entries::default();
        loop {
            match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Map(entries.complete())),
                (event, span) => self.entry(event, span, &mut entries)?,
            }
        }
    }

    fn entry(&mut self, event: Event<'i>, span: Span, entries: &mut Entries) -> Result<()> {
        let inherits = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
        let key = self.key(event, span)?;
        self.keys.push(key.name.clone());
        let (event, span) = self.next()?;
        if inherits {
            let node = self.node(event, span)?;
            entries.inherited.extend(self.inherit(node)?);
        } else {
            if let Some(known) = entries.known.insert(key.name.clone(), key.origin.clone()) {
                let message = format!("duplicate key, first given at {known}");
                return Err(self.locate(SettingsError::plain(message).at(&key.origin)));
            }
            let node = self.node(event, span)?;
            entries.own.push((key, node));
        }
        self.keys.pop();
        Ok(())
    }

    fn key(&mut self, event: Event<'i>, span: Span) -> Result<Key> {
        match self.node(event, span)?.value {
            Value::Scalar(scalar) => Ok(Key { name: scalar.text, origin: self.origin(span.start) }),
            _ => Err(self.error(span, "a key must be a word, not a list or mapping")),
        }
    }

    /// The entries that `<<` inherits from one mapping, or from a list in which earlier ones win.
    fn inherit(&self, node: Node) -> Result<Vec<(Key, Node)>> {
        match node.value {
            Value::Map(entries) => Ok(entries),
            Value::List(nodes) => {
                let parts: Result<Vec<_>> = nodes.into_iter().map(|node| self.inherit(node)).collect();
                Ok(parts?.into_iter().flatten().collect())
            }
            Value::Scalar(_) => {
                let error = SettingsError::plain("expected a mapping to take keys from, such as *name");
                Err(self.locate(error.at(&node.origin)))
            }
        }
    }
}

/// The own entries of a mapping, and those inherited by `<<`.
#[derive(Default)]
struct Entries {
    own: Vec<(Key, Node)>,
    /// The origins of the own keys.
    known: HashMap<String, Origin>,
    inherited: Vec<(Key, Node)>,
}

impl Entries {
    fn complete(mut self) -> Vec<(Key, Node)> {
        let mut known: HashSet<String> = self.known.into_keys().collect();
        self.own.extend(self.inherited.into_iter().filter(|(key, _)| known.insert(key.name.clone())));
        self.own
    }
}
