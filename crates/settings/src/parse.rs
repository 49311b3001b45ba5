//! The reader of YAML text as a tree.

mod argument;
mod map;

use std::{collections::HashMap, sync::Arc};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{
    error::SettingsError,
    explain::explain,
    origin::Origin,
    tree::{Node, Scalar, Value},
};

type Result<T> = std::result::Result<T, SettingsError>;

/// The deepest nesting, so that recursion ends.
const DEEPEST: usize = 64;
/// The most nodes of a tree, since nested aliases can grow without bound.
const LARGEST: usize = 100_000;

/// The source of a text.
pub(super) enum Source {
    File(Arc<str>),
    Values(Arc<str>),
}

/// Reads one document; `None` if it is empty.
pub(super) fn parse(source: Source, text: &str) -> Result<Option<Node>> {
    let text = text.trim_start_matches('\u{feff}');
    let events = Parser::new_from_str(text);
    let (anchors, keys, brackets) = (HashMap::new(), Vec::new(), Vec::new());
    let text = Text { text, char: 0, byte: 0 };
    Reader { text, events, source, anchors, keys, brackets, depth: 0, size: 0 }.document()
}

struct Reader<'i> {
    text: Text<'i>,
    events: Parser<'i, StrInput<'i>>,
    source: Source,
    anchors: HashMap<usize, (Node, usize)>,
    keys: Vec<String>,
    /// The places of the open `[` and `{`.
    brackets: Vec<(Marker, char)>,
    depth: usize,
    size: usize,
}

impl<'i> Reader<'i> {
    fn document(&mut self) -> Result<Option<Node>> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, span) => {
                    self.check_end(root.is_none(), span)?;
                    return Ok(root);
                }
                (Event::DocumentStart(_), span) if root.is_some() => {
                    return Err(self.error(span, "a second document starts here; settings are one document"));
                }
                (Event::DocumentStart(explicit), span) => self.check_document(explicit, span)?,
                (Event::StreamStart | Event::DocumentEnd | Event::Nothing, _) => {}
                (event, span) => root = Some(self.node(event, span)?),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'i>, Span)> {
        match self.events.next_event() {
            Some(event) => event.map_err(|error| self.bad_yaml(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'i>, span: Span) -> Result<Node> {
        self.check_argument(&event, span)?;
        self.size += 1;
        if self.depth > DEEPEST || self.size > LARGEST {
            return Err(self.error(span, "nested too deeply, or too large, for settings"));
        }
        self.depth += 1;
        let start = self.size;
        let (anchor, value) = match event {
            Event::Alias(anchor) => (0, self.alias(anchor, span)?),
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = self.scalar(text.into_owned(), style, tag.as_deref(), span)?;
                (anchor, Value::Scalar(scalar))
            }
            Event::SequenceStart(anchor, tag) => {
                (anchor, self.bracketed(span, |reader| reader.list(tag.as_deref(), span))?)
            }
            Event::MappingStart(anchor, tag) => {
                (anchor, self.bracketed(span, |reader| reader.map(tag.as_deref(), span))?)
            }
            other => return Err(self.error(span, &format!("not valid YAML: unexpected {other:?}"))),
        };
        self.depth -= 1;
        let node = Node { value, origin: self.origin(span.start) };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.size - start + 1));
        }
        Ok(node)
    }

    /// A copy of the anchor's node, with the origins of the original.
    fn alias(&mut self, anchor: usize, span: Span) -> Result<Value> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(self.error(span, "an alias to the value that it is a part of"));
        };
        self.size += size;
        Ok(node.value.clone())
    }

    fn scalar(&self, text: String, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Scalar> {
        self.check_tag(tag, span)?;
        let plain = tag.map_or(style == ScalarStyle::Plain, |tag| tag.suffix != "str" && tag.suffix != "!");
        Ok(if plain { Scalar::plain(text) } else { Scalar::quoted(text) })
    }

    fn check_tag(&self, tag: Option<&Tag>, span: Span) -> Result<()> {
        match tag {
            Some(tag) if !is_known(tag) => {
                Err(self.error(span, &format!("the tag {tag} means nothing here")))
            }
            _ => Ok(()),
        }
    }

    /// Reads a list or mapping, and notes its opening bracket if it has one.
    fn bracketed(&mut self, span: Span, read: impl FnOnce(&mut Self) -> Result<Value>) -> Result<Value> {
        let open = self.brackets.len();
        let first = self.text.char_at(span.start.index());
        self.brackets.extend(first.filter(|c| "[{".contains(*c)).map(|c| (span.start, c)));
        let value = read(self)?;
        self.brackets.truncate(open);
        Ok(value)
    }

    fn list(&mut self, tag: Option<&Tag>, span: Span) -> Result<Value> {
        self.check_tag(tag, span)?;
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(nodes)),
                (event, span) => nodes.push(self.node(event, span)?),
            }
        }
    }

    fn origin(&self, start: Marker) -> Origin {
        match &self.source {
            Source::File(file) => {
                Origin::File { file: file.clone(), line: start.line(), column: start.col() + 1 }
            }
            Source::Values(argument) => Origin::Values(argument.clone()),
        }
    }

    fn error(&self, span: Span, message: &str) -> SettingsError {
        self.locate(SettingsError::plain(message).at(&self.origin(span.start)))
    }

    fn locate(&self, error: SettingsError) -> SettingsError {
        self.keys.iter().rev().fold(error, |error, key| error.under(key))
    }

    fn bad_yaml(&self, error: &ScanError) -> SettingsError {
        if let Some(refused) = self.alias_in_argument(error) {
            return refused;
        }
        let bracket = self.brackets.last();
        let explained = explain(error.info(), bracket.map(|(_, bracket)| *bracket));
        let start = match (bracket, explained.about_bracket) {
            (Some((start, _)), true) => *start,
            _ => *error.marker(),
        };
        SettingsError::plain(format!("not valid YAML: {}", explained.message)).at(&self.origin(start))
    }
}

/// The tags of YAML's core schema, and `!` for text.
fn is_known(tag: &Tag) -> bool {
    let core = ["str", "int", "float", "bool", "null", "seq", "map"];
    tag.suffix == "!" || tag.is_yaml_core_schema() && core.contains(&tag.suffix.as_str())
}

/// Text with a fast lookup of characters in ascending order.
struct Text<'i> {
    text: &'i str,
    /// The position of the last lookup, in characters and bytes.
    char: usize,
    byte: usize,
}

impl Text<'_> {
    fn char_at(&mut self, index: usize) -> Option<char> {
        if index < self.char {
            (self.char, self.byte) = (0, 0);
        }
        let rest = &self.text[self.byte..];
        let (offset, found) = rest.char_indices().nth(index - self.char)?;
        (self.char, self.byte) = (index, self.byte + offset);
        Some(found)
    }
}
