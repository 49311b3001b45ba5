//! The refusal of YAML syntax that is a mistake in an argument of `--values`: comments, anchors,
//! aliases, tags, block text and document marks. Quoted text may hold it.

use saphyr_parser::{Event, ScalarStyle, ScanError, Span};

use super::{Reader, Result, Source};
use crate::{
    error::SettingsError,
    tree::{Scalar, Value},
    yaml::inline,
};

impl Reader<'_> {
    /// Refuses an event of such syntax.
    pub(super) fn check_argument(&self, event: &Event<'_>, span: Span) -> Result<()> {
        if !matches!(self.source, Source::Values(_)) {
            return Ok(());
        }
        let (anchor, tagged) = match event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => (0, false),
        };
        let block = matches!(event, Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..));
        let folded = matches!(event, Event::Scalar(..)) && span.start.line() != span.end.line();
        let sign = match () {
            () if matches!(event, Event::Alias(_)) => "`*` starts an alias",
            () if anchor > 0 => "`&` starts an anchor",
            () if tagged => "`!` starts a tag",
            () if block => "`|` and `>` start a block of lines",
            () if folded => "a line break is read as a space",
            () => return Ok(()),
        };
        Err(self.needs_quotes(sign, span))
    }

    /// Refuses `---` and `...`.
    pub(super) fn check_document(&self, explicit: bool, span: Span) -> Result<()> {
        match self.source {
            Source::Values(_) if explicit => Err(self.needs_quotes("`---` starts a document", span)),
            _ => Ok(()),
        }
    }

    /// Refuses comments, and a document end without content. `end` is the end of the text.
    pub(super) fn check_end(&self, is_empty: bool, end: Span) -> Result<()> {
        let text = self.text.text;
        match self.source {
            Source::Values(_) if has_comment(text) => Err(self.needs_quotes("`#` starts a comment", end)),
            Source::Values(_) if is_empty && !text.trim().is_empty() => {
                Err(self.needs_quotes("`...` ends a document", end))
            }
            _ => Ok(()),
        }
    }

    /// The error of an alias without an anchor.
    pub(super) fn alias_in_argument(&self, error: &ScanError) -> Option<SettingsError> {
        let unknown = matches!(self.source, Source::Values(_)) && error.info().contains("unknown anchor");
        unknown.then(|| self.needs_quotes("`*` starts an alias", Span::empty(*error.marker())))
    }

    fn needs_quotes(&self, sign: &str, span: Span) -> SettingsError {
        let Source::Values(argument) = &self.source else { return self.error(span, sign) };
        let (key, value) = argument.split_once('=').unwrap_or((argument, ""));
        let quoted = inline(&Value::Scalar(Scalar::quoted(value))).replace('\'', "'\\''");
        let text = match value.trim_start().starts_with(['[', '{', '"', '\'']) {
            true => "text that holds it needs quotes".to_owned(),
            false => format!("text needs quotes that the shell leaves alone: '{key}={quoted}'"),
        };
        self.error(span, &format!("{sign} in YAML; {text}"))
    }
}

/// True if a `#` begins a comment: outside of quotes, at the start or after a space, `[`, `{` or
/// comma.
fn has_comment(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    let (mut open, mut last, mut before) = (None, ' ', '[');
    while let Some(c) = chars.next() {
        match (open, c) {
            (Some('"'), '\\') => drop(chars.next()),
            (Some('\''), '\'') if chars.peek() == Some(&'\'') => drop(chars.next()),
            (Some(quote), _) if c == quote => open = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if starts_value(last, before) => open = Some(c),
            (None, '#') if last.is_whitespace() || "[{,".contains(last) => return true,
            (None, _) => {}
        }
        last = c;
        before = if c.is_whitespace() { before } else { c };
    }
    false
}

/// True if a value starts after the character `last`. `before` is the last character that is not
/// a space.
fn starts_value(last: char, before: char) -> bool {
    "[{,".contains(before) || before == ':' && last.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::has_comment;

    #[test]
    fn a_comment_begins_outside_of_quotes_after_a_space_or_bracket() {
        for text in
            ["#", " #", "a #", "a\t#b", "'a' #", "it's #", "a 'b #c'", "[a,#b]", "{a: 'b' #\n}", "a:'b #c'"]
        {
            assert!(has_comment(text), "{text}");
        }
        for text in ["", "a#", "'#'", "'it''s #'", r#""a \" #""#, "[a, ' #']", "{a: \" #\"}", "é#"] {
            assert!(!has_comment(text), "{text}");
        }
    }
}
