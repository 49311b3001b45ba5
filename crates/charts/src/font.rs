//! The font of the figures, and the width of text in it.

use std::sync::OnceLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// Ubuntu Light (Ubuntu Font Licence 1.0, which allows embedding and distribution).
pub const BYTES: &[u8] = epaint_default_fonts::UBUNTU_LIGHT;

/// The family name of [`BYTES`].
pub const FAMILY: &str = "Ubuntu";

/// The families of an SVG's text; a browser without Ubuntu falls back to its own sans-serif, which
/// each text's `textLength` keeps as narrow.
pub const FAMILIES: &str = "Ubuntu, Arial, sans-serif";

/// The width of `text` at a font size of `size`.
pub fn width(text: &str, size: f64) -> f64 {
    let advance: f64 = text.chars().map(advance).sum();
    advance * size
}

/// `text` broken between words into lines of at most `room`; a longer word is a line of its own.
pub fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The advance of one character in units of the font size.
fn advance(character: char) -> f64 {
    static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    let known = FONT.get_or_init(|| FontRef::new(BYTES).ok()).as_ref().and_then(|font| {
        let glyph = font.charmap().map(character)?;
        let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        let em = font.metrics(Size::unscaled(), LocationRef::default()).units_per_em;
        Some(f64::from(metrics.advance_width(glyph)?) / f64::from(em))
    });
    known.unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_the_fonts_own() {
        // Ubuntu Light: digits advance 564 of 1000 units.
        assert!((width("00", 10.0) - 2.0 * 5.64).abs() < 1e-9);
        assert!(width("iiii", 12.0) < width("MMMM", 12.0));
        assert_eq!(width("", 12.0), 0.0);
    }

    #[test]
    fn every_character_that_figures_use_is_in_the_font() {
        let font = FontRef::new(BYTES).unwrap();
        assert!("−±²·×σ0aZ/()".chars().all(|c| font.charmap().map(c).is_some()));
    }

    #[test]
    fn lines_break_between_words_only() {
        let room = width("one two", 12.0);
        assert_eq!(wrap("one two three  unbreakable", 12.0, room), ["one two", "three", "unbreakable"]);
        assert!(wrap(" ", 12.0, room).is_empty());
    }
}
