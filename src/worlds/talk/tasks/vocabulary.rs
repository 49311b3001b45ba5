//! Word-level tokenizers of the built-in tasks, as ordinary `tokenizer.json` files.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Map, Value, json};
use umwelt_language::{SPECIAL_TOKENS, TextTokenizer};

/// Padding, the frame of turns, and the words that stand for line ends and unknown words.
const FRAME: [&str; 5] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<nl>", "<unk>"];
const ROLES: [&str; 3] = ["system", "user", "assistant"];

/// A tokenizer whose tokens are the words of a task, in alphabetic order behind the special ones.
///
/// # Errors
/// When the tokenizer refuses them.
pub fn tokenizer(words: impl IntoIterator<Item = String>) -> Result<TextTokenizer> {
    let words: BTreeSet<String> = words.into_iter().collect();
    let special = FRAME.into_iter().chain(SPECIAL_TOKENS);
    let words = words.iter().map(String::as_str).filter(|word| !ROLES.contains(word));
    let tokens: Vec<&str> = special.chain(ROLES).chain(words).collect();
    let ids: Map<String, Value> =
        (0i64..).zip(&tokens).map(|(id, token)| ((*token).to_owned(), json!(id))).collect();
    let added = |(id, token): (usize, &&str)| {
        json!({
            "id": id, "content": token, "special": true, "normalized": false,
            "single_word": false, "lstrip": false, "rstrip": false,
        })
    };
    let added: Vec<Value> =
        tokens.iter().enumerate().take(FRAME.len() + SPECIAL_TOKENS.len()).map(added).collect();
    TextTokenizer::from_json(&json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": { "type": "Replace", "pattern": { "String": "\n" }, "content": " <nl> " },
        "pre_tokenizer": { "type": "WhitespaceSplit" },
        "post_processor": null,
        "decoder": null,
        "model": { "type": "WordLevel", "vocab": ids, "unk_token": "<unk>" },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_special_tokens_are_tokens_of_their_own() {
        let words = ["box", "the", "user"].map(str::to_owned);
        let tokenizer = tokenizer(words).unwrap();
        // 5 of the frame, 3 special, 3 roles, and the words that are no roles.
        assert_eq!(tokenizer.rows(), 13);
        let ids = tokenizer.encode("<|im_start|>user\nthe box<|im_end|>\nhorse").unwrap();
        let tokens: Vec<i64> = ["<|im_start|>", "user", "<nl>", "the", "box", "<|im_end|>", "<nl>", "<unk>"]
            .map(|token| tokenizer.id(token).unwrap())
            .to_vec();
        assert_eq!(ids, tokens);
        assert_eq!(tokenizer.decode(&ids[3..5], true).unwrap(), "the box");
    }
}
