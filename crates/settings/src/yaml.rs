//! The writer of trees as YAML text that reads as the same tree.

use super::{
    scalar::{Meaning, resolve},
    tree::{Node, Scalar, Value, join},
};

/// A line of YAML, with the dotted key of its value.
struct Line {
    text: String,
    leaf: Option<String>,
}

/// The widest line that moves the column of comments to the right. Longer lines do not move it.
const WIDEST: usize = 60;

/// The tree as indented lines.
pub(super) fn write(root: &Node) -> String {
    let lines: Vec<String> = lines(root).into_iter().map(|line| line.text).collect();
    lines.join("\n") + "\n"
}

/// The tree as indented lines, with an aligned comment after each value.
pub(super) fn write_commented(root: &Node, comment: impl Fn(&str) -> String) -> String {
    let lines = lines(root);
    let widths = lines.iter().filter(|line| line.leaf.is_some()).map(|line| line.text.chars().count());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let commented = lines.into_iter().map(|Line { text, leaf }| match leaf {
        Some(leaf) => format!("{text:width$}  # {}", comment(&leaf)),
        None => text,
    });
    commented.collect::<Vec<_>>().join("\n") + "\n"
}

/// A value on one line: a scalar, or a list or map in brackets.
pub fn inline(value: &Value) -> String {
    match value {
        Value::Scalar(scalar) => scalar_text(scalar),
        Value::List(nodes) => format!("[{}]", commas(nodes.iter().map(|node| inline(&node.value)))),
        Value::Map(entries) => {
            let pair = |name: &str, node: &Node| format!("{}: {}", quote(name), inline(&node.value));
            format!("{{{}}}", commas(entries.iter().map(|(key, node)| pair(&key.name, node))))
        }
    }
}

fn commas(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn lines(root: &Node) -> Vec<Line> {
    let mut lines = Vec::new();
    match &root.value {
        Value::Map(entries) if !entries.is_empty() => collect(root, "", 0, &mut lines),
        value => lines.push(Line { text: inline(value), leaf: Some(String::new()) }),
    }
    lines
}

fn collect(map: &Node, dotted: &str, indent: usize, lines: &mut Vec<Line>) {
    let Value::Map(entries) = &map.value else { return };
    for (key, node) in entries {
        let start = format!("{:indent$}{}:", "", quote(&key.name));
        let dotted = join(dotted, &key.name);
        if matches!(&node.value, Value::Map(below) if !below.is_empty()) {
            lines.push(Line { text: start, leaf: None });
            collect(node, &dotted, indent + 2, lines);
        } else {
            lines.push(Line { text: format!("{start} {}", inline(&node.value)), leaf: Some(dotted) });
        }
    }
}

fn scalar_text(scalar: &Scalar) -> String {
    match scalar.meaning {
        Meaning::Text => quote(&scalar.text),
        Meaning::Null => "null".into(),
        _ => scalar.text.clone(),
    }
}

/// `text` without quotes if YAML reads it as this text, else with quotes.
fn quote(text: &str) -> String {
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/');
    let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    if first && rest && resolve(text) == Meaning::Text {
        return text.to_owned();
    }
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

fn escape(c: char) -> String {
    match c {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\n' => "\\n".into(),
        '\t' => "\\t".into(),
        ' '..='~' => c.into(),
        _ if c.is_alphanumeric() => c.into(),
        _ => format!("\\U{:08X}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn text_is_quoted_where_it_would_read_as_something_else() {
        for plain in ["id", "512-512", "/tmp/x.yaml", "2001-01-01", "None", "inf", "v1.2", "y"] {
            assert_eq!(quote(plain), plain);
        }
        for other in
            ["", "512", "1e-3", "on", "null", "017", "1:30", "~", "-x", "a: b", "a #b", "<<", "?", ".inf"]
        {
            assert_eq!(quote(other), format!("\"{other}\""));
        }
    }

    #[test]
    fn what_has_no_glyph_is_escaped() {
        assert_eq!(quote("a\n\t\"\\\u{85}é"), r#""a\n\t\"\\\U00000085é""#);
    }
}
