//! Single SVG elements.

use std::fmt::Write;

/// One SVG element under construction.
pub struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

impl Element {
    pub fn new(name: &'static str) -> Self {
        Self { name, attributes: String::new(), content: String::new() }
    }

    /// Adds an attribute, escaped.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        let _ = write!(self.attributes, " {key}=\"{}\"", escape(value));
        self
    }

    /// Adds a number as an attribute, rounded to a hundredth.
    pub fn num(self, key: &str, value: f64) -> Self {
        self.set(key, &number(value))
    }

    /// Adds an outline of this colour and width, without a filling.
    pub fn stroke(self, colour: &str, width: f64) -> Self {
        self.set("fill", "none").set("stroke", colour).num("stroke-width", width)
    }

    /// Adds a dash pattern; an empty one means a solid line.
    pub fn dash(self, pattern: &str) -> Self {
        if pattern.is_empty() { self } else { self.set("stroke-dasharray", pattern) }
    }

    /// Adds text inside the element, escaped.
    pub fn words(mut self, words: &str) -> Self {
        self.content.push_str(&escape(words));
        self
    }

    /// Adds an element inside the element.
    pub fn child(mut self, child: Element) -> Self {
        child.write(&mut self.content);
        self
    }

    /// Adds markup inside the element, unescaped.
    pub fn markup(mut self, markup: &str) -> Self {
        self.content.push_str(markup);
        self
    }

    /// Appends the element's text.
    pub fn write(&self, out: &mut String) {
        let Self { name, attributes, content } = self;
        let _ = match content.is_empty() {
            true => write!(out, "<{name}{attributes}/>"),
            false => write!(out, "<{name}{attributes}>{content}</{name}>"),
        };
    }
}

/// A number rounded to a hundredth, without trailing zeros.
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// `text` escaped for XML; characters that XML forbids become spaces.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([1.0, 0.126, -0.001, 120.0, 2.5].map(number), ["1", "0.13", "0", "120", "2.5"]);
    }
}
