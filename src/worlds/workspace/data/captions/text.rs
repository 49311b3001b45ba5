//! A sentence in the making: spaces and articles at the seams of its pieces.

use super::pattern::{Pattern, Piece};

const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];

/// Longer than the longest sentence.
const CAPACITY: usize = 256;

/// A sentence in the making. No piece may hold two spaces in a row or a space before a full stop.
pub struct Text {
    text: String,
    /// The end of the last indefinite article, while its noun phrase is missing.
    article: Option<usize>,
}

impl Text {
    pub fn new() -> Self {
        Self { text: String::with_capacity(CAPACITY), article: None }
    }

    /// Appends `piece`, with one space in place of several and none at the start of the sentence
    /// or before a full stop.
    pub fn push(&mut self, piece: &str) {
        let at_space = self.text.is_empty() || self.text.ends_with(' ');
        let piece = if at_space { piece.trim_start_matches(' ') } else { piece };
        if piece.starts_with('.') && self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push_str(piece);
    }

    /// Appends a pattern whose slots `i` hold `options[i]` of `variants[i]`.
    pub fn push_pattern(&mut self, pattern: &Pattern<usize>, variants: super::Variants, options: &[u8]) {
        for piece in pattern.pieces() {
            match piece {
                Piece::Text(text) => self.push(text),
                Piece::Slot(i) => self.push(variants[*i].1[usize::from(options[*i])]),
            }
        }
    }

    /// Ends the indefinite article "a", which becomes "an" before a vowel.
    pub fn end_article(&mut self) {
        self.article = Some(self.text.len());
    }

    /// Appends the phrase of an attribute that may follow an article.
    pub fn push_attribute(&mut self, phrase: &str) {
        if let Some(end) = self.article.take()
            && phrase.starts_with(VOWELS)
        {
            self.text.insert(end, 'n');
        }
        self.push(phrase);
    }

    pub fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &[&str]) -> String {
        let mut text = Text::new();
        pieces.iter().for_each(|piece| text.push(piece));
        text.finish()
    }

    #[test]
    fn spaces_are_single_and_none_stands_before_a_full_stop() {
        assert_eq!(
            joined(&[" ", "very left ", " side", "", ". It is", " ", "  ", "big "]),
            "very left side. It is big"
        );
        assert_eq!(joined(&["very left ", "", ", at ", "", "."]), "very left , at.");
    }

    #[test]
    fn an_article_agrees_with_the_phrase_after_it() {
        for (phrase, expected) in [("egg", "It is an egg"), ("kite", "It is a kite")] {
            let mut text = Text::new();
            text.push("It is a");
            text.end_article();
            text.push(" ");
            text.push_attribute(phrase);
            assert_eq!(text.finish(), expected);
        }
    }
}
