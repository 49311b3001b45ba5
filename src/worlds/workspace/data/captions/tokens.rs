//! Captions as rows of tokens: lower-case words with their hyphens, commas and full stops.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use anyhow::{Result, bail};

use super::Variants;
use super::templates::GRAMMAR;
use super::writers::colour::COLOURS;
use super::writers::{location, rotation, shape, size};

/// The length of a row of tokens, which the longest sentence of the grammar fills. Of random captions
/// 99 % have at most 39 tokens.
pub const TOKENS: usize = 52;

/// The token behind the end of a sentence.
pub const PADDING: u8 = 0;

/// Longer than the longest word of the vocabulary.
const LONGEST_WORD: usize = 32;

static VOCABULARY: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words = BTreeSet::from(["an".to_owned()]);
    for text in texts() {
        words.extend(split(text).map(str::to_ascii_lowercase));
    }
    [String::new()].into_iter().chain(words).collect()
});

static TOKEN_OF_WORD: LazyLock<HashMap<&[u8], u8>> =
    LazyLock::new(|| VOCABULARY.iter().zip(0..).map(|(word, token)| (word.as_bytes(), token)).collect());

/// The words of the grammar by their tokens, in alphabetical order after an empty one for
/// [`PADDING`]. They are at most 256.
pub fn vocabulary() -> &'static [String] {
    &VOCABULARY
}

/// All texts from which the grammar makes sentences.
fn texts() -> impl Iterator<Item = &'static str> {
    let options = |variants: Variants| variants.iter().flat_map(|(_, options)| options.iter().copied());
    let writers = rotation::WRITERS.iter().chain(location::WRITERS.iter());
    let styles = writers.flat_map(move |writer| {
        writer.phrases.iter().flat_map(|phrase| phrase.texts()).chain(options(writer.variants))
    });
    let words = shape::PHRASES.iter().chain(size::PHRASES.iter()).chain(&COLOURS.names).copied();
    let templates = GRAMMAR.templates.iter().map(|template| &template.pattern);
    let patterns = templates.chain(GRAMMAR.variants.iter().flatten());
    words.chain(styles).chain(patterns.flat_map(|pattern| pattern.texts()))
}

/// The words, commas and full stops of a text.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', ',', '.']).flat_map(|part| {
        let word = part.trim_end_matches([' ', ',', '.']);
        let mark = part[word.len()..].trim_matches(' ');
        [word, mark].into_iter().filter(|token| !token.is_empty())
    })
}

/// The tokens of a caption, filled up with [`PADDING`].
///
/// # Errors
/// When the caption has a word outside of the grammar or more than [`TOKENS`] tokens.
pub fn encode(caption: &str) -> Result<[u8; TOKENS]> {
    let mut tokens = [PADDING; TOKENS];
    for (i, word) in split(caption).enumerate() {
        let Some(token) = token_of(word) else {
            bail!(
                "the grammar of captions has no word {word:?}; import vectors of such texts by `text.features`"
            );
        };
        if i == TOKENS {
            bail!("a caption may have {TOKENS} tokens at most, and this one has more: {caption:?}");
        }
        tokens[i] = token;
    }
    Ok(tokens)
}

fn token_of(word: &str) -> Option<u8> {
    let mut lower = [0; LONGEST_WORD];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    TOKEN_OF_WORD.get(&*lower).copied()
}

/// The text of tokens, in lower case.
///
/// # Panics
/// If a token is outside of the vocabulary.
pub fn decode(tokens: &[u8]) -> String {
    let mut text = String::with_capacity(256);
    for token in tokens.iter().take_while(|token| **token != PADDING) {
        let word = VOCABULARY[usize::from(*token)].as_str();
        if !text.is_empty() && !matches!(word, "," | ".") {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_with_hyphens_commas_and_full_stops() {
        let caption =
            "It is a four-sided shape, it is at the very left , pointing north-northwest. It is big.";
        let words: Vec<&str> = split("A top-left, left . It is").collect();
        assert_eq!(words, ["A", "top-left", ",", "left", ".", "It", "is"]);
        let tokens = encode(caption).unwrap();
        assert_eq!(tokens.iter().filter(|token| **token != PADDING).count(), 20);
        let expected =
            "it is a four-sided shape, it is at the very left, pointing north-northwest. it is big.";
        assert_eq!(decode(&tokens), expected);
    }

    #[test]
    fn the_vocabulary_is_sorted_and_small() {
        assert!(vocabulary().is_sorted());
        assert_eq!(vocabulary()[0], "");
        assert!((180..=256).contains(&vocabulary().len()), "{}", vocabulary().len());
        assert!(vocabulary().iter().all(|word| word.len() < LONGEST_WORD && !word.contains(' ')));
    }

    #[test]
    fn unknown_words_and_long_captions_are_errors() {
        let error = |caption: &str| encode(caption).unwrap_err().to_string();
        assert!(error("A tiny elephant.").contains("\"elephant\""));
        assert!(error(&"x".repeat(100)).contains("xxx"));
        assert!(error(&"a ".repeat(TOKENS + 1)).contains("52 tokens"));
        assert!(encode(&"a ".repeat(TOKENS)).is_ok());
    }
}
