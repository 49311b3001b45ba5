//! Tokenizers: the `tokenizer.json` of Hugging Face folders.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer};
use umwelt_base::atomic;

/// The end of the user's first turn, and the begin and the end of a message, in the order in which
/// they are added to a tokenizer.
pub const SPECIAL_TOKENS: [&str; 3] = ["<FIRST_HUMAN_END>", "<bop>", "<eop>"];

/// A tokenizer.
#[derive(Clone)]
pub struct TextTokenizer {
    inner: Tokenizer,
}

impl TextTokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// When the file cannot be read or is no tokenizer.
    pub fn from_file(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
        Self::from_bytes(&bytes).with_context(|| format!("{} is no tokenizer", path.display()))
    }

    /// A tokenizer from the bytes of a `tokenizer.json`.
    ///
    /// # Errors
    /// When they describe none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(Self { inner: Tokenizer::from_bytes(bytes).map_err(plain)? })
    }

    /// A tokenizer from the content of a `tokenizer.json`.
    ///
    /// # Errors
    /// When it describes none.
    pub fn from_json(json: &Value) -> Result<Self> {
        Self::from_bytes(&serde_json::to_vec(json)?)
    }

    /// Writes a `tokenizer.json`, atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let text = self.inner.to_string(true).map_err(plain)?;
        atomic::replace(path, text.as_bytes()).with_context(|| format!("could not write {}", path.display()))
    }

    /// The ids of `text`. Special tokens that are spelled in it become their ids; none is added.
    ///
    /// # Errors
    /// When the tokenizer cannot encode it.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>> {
        self.encoded(text, false)
    }

    /// The ids of `text` with the special tokens that the tokenizer itself puts around a text.
    ///
    /// # Errors
    /// When the tokenizer cannot encode it.
    pub fn encode_with_special(&self, text: &str) -> Result<Vec<i64>> {
        self.encoded(text, true)
    }

    fn encoded(&self, text: &str, special: bool) -> Result<Vec<i64>> {
        let encoding = self.inner.encode_fast(text, special).map_err(plain)?;
        Ok(encoding.get_ids().iter().map(|id| i64::from(*id)).collect())
    }

    /// The text of `ids`, with or without special tokens.
    ///
    /// # Errors
    /// When an id is negative or the tokenizer cannot decode them.
    pub fn decode(&self, ids: &[i64], skip_special: bool) -> Result<String> {
        let ids = ids.iter().map(|id| u32::try_from(*id)).collect::<Result<Vec<_>, _>>();
        self.inner.decode(&ids.context("a token id is negative")?, skip_special).map_err(plain)
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<i64> {
        self.inner.token_to_id(token).map(i64::from)
    }

    /// The id of a token that the tokenizer must have.
    ///
    /// # Errors
    /// When it lacks the token.
    pub fn required_id(&self, token: &str) -> Result<i64> {
        self.id(token).with_context(|| format!("the tokenizer has no token {token}"))
    }

    /// Adds the special tokens that the tokenizer lacks, in this order; the ids of all of them.
    ///
    /// # Errors
    /// When one cannot be added.
    pub fn add_special(&mut self, tokens: &[&str]) -> Result<Vec<i64>> {
        for token in
            tokens.iter().filter(|token| self.inner.token_to_id(token).is_none()).copied().collect::<Vec<_>>()
        {
            self.inner.add_special_tokens([AddedToken::from(token, true)]).map_err(plain)?;
        }
        tokens.iter().map(|token| self.required_id(token)).collect()
    }

    /// True if the tokens of another tokenizer, and their ids, are those of this one.
    pub fn has_tokens_of(&self, other: &Self) -> bool {
        self.inner.get_vocab(true) == other.inner.get_vocab(true)
    }

    /// The number of embedding rows that the ids need.
    pub fn rows(&self) -> i64 {
        let largest = self.inner.get_vocab(true).into_values().max();
        largest.map_or(0, |id| i64::from(id) + 1)
    }

    /// Checks that every id has a row in an embedding of `vocabulary` rows.
    ///
    /// # Errors
    /// When one has not.
    pub fn check_fits(&self, vocabulary: i64) -> Result<()> {
        let rows = self.rows();
        ensure!(
            rows <= vocabulary,
            "the tokenizer has ids up to {}, but the embedding has {vocabulary} rows; \
             take the tokenizer that belongs to the model",
            rows - 1
        );
        Ok(())
    }
}

fn plain(error: tokenizers::Error) -> anyhow::Error {
    anyhow!("{error}")
}
