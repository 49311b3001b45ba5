//! The tokenizer inside a GGUF file, as the content of a `tokenizer.json`.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::config::Keys;

/// The types of tokens that are matched in a text before anything else: control and user-defined.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

/// The pattern of words that are split, with digits in groups that match `digits`, as in the
/// `tokenizer.json` of Llama 3 (up to three) and Qwen2 (one).
fn words(digits: &str) -> String {
    let before = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    let after = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    format!("{before}{digits}{after}")
}

/// The content of the `tokenizer.json` of a byte-level BPE.
///
/// # Errors
/// When the file holds another kind of tokenizer, or its lists do not fit each other.
pub fn tokenizer_json(metadata: &Map<String, Value>) -> Result<Value> {
    let keys = Keys(metadata);
    let model = keys.text("tokenizer.ggml.model")?.context("tokenizer.ggml.model is missing")?;
    ensure!(model == "gpt2", "its tokenizer is of kind `{model}`; known: gpt2 (byte-level BPE)");
    let tokens = list(keys, "tokenizer.ggml.tokens")?;
    let merges = list(keys, "tokenizer.ggml.merges")?;
    let types = list(keys, "tokenizer.ggml.token_type")?;
    ensure!(types.len() == tokens.len(), "it has {} tokens, but types of {}", tokens.len(), types.len());
    let vocabulary: Map<String, Value> = tokens
        .iter()
        .zip(0..)
        .map(|(token, id)| Ok((text(token)?.to_owned(), json!(id))))
        .collect::<Result<_>>()?;
    ensure!(vocabulary.len() == tokens.len(), "two of its tokens are the same");
    let kind = keys.text("tokenizer.ggml.pre")?.unwrap_or("default");
    let ignore_merges = ["llama-bpe", "llama3"].contains(&kind);
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added(tokens, types)?,
        "normalizer": (kind == "qwen2").then(|| json!({"type": "NFC"})),
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": pre_tokenizers(kind)?},
        "post_processor": byte_level(true),
        "decoder": byte_level(true),
        "model": {
            "type": "BPE",
            "vocab": vocabulary,
            "merges": merges,
            "ignore_merges": ignore_merges,
        },
    }))
}

fn byte_level(split: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": split})
}

fn pre_tokenizers(kind: &str) -> Result<Vec<Value>> {
    let split = |digits: &str| {
        let pattern = json!({"Regex": words(digits)});
        json!({"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": false})
    };
    Ok(match kind {
        "default" | "gpt-2" | "gpt2" => vec![byte_level(true)],
        "smollm" => vec![json!({"type": "Digits", "individual_digits": true}), byte_level(true)],
        "llama-bpe" | "llama3" => vec![split(r"\p{N}{1,3}"), byte_level(false)],
        "qwen2" => vec![split(r"\p{N}"), byte_level(false)],
        other => bail!("its tokenizer splits words as `{other}`; known: gpt-2, smollm, llama-bpe, qwen2"),
    })
}

/// The tokens that are matched before anything else.
fn added(tokens: &[Value], types: &[Value]) -> Result<Vec<Value>> {
    let all = tokens.iter().zip(types).zip(0i64..);
    let added = all.filter_map(|((token, kind), id)| {
        let kind = kind.as_i64()?;
        [CONTROL, USER_DEFINED].contains(&kind).then(|| {
            Ok(json!({
                "id": id, "content": text(token)?, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": kind == CONTROL,
            }))
        })
    });
    added.collect()
}

fn list<'a>(keys: Keys<'a>, key: &str) -> Result<&'a Vec<Value>> {
    keys.value(key).and_then(Value::as_array).with_context(|| format!("{key} is missing or no list"))
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("a token is no text")
}
