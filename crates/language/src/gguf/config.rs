//! The shape of a decoder, from the metadata of a GGUF file.

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use super::header::Header;
use crate::config::{Keys, LmConfig};

/// The configuration that a Hugging Face folder of the same model would hold.
///
/// # Errors
/// When the architecture is not `llama`, or a key is missing or out of range.
pub fn config(header: &Header) -> Result<LmConfig> {
    let keys = Keys(&header.metadata);
    let architecture = keys.text("general.architecture")?.context("general.architecture is missing")?;
    ensure!(architecture == "llama", "its architecture `{architecture}` is unknown; known: llama");
    check_positions(header)?;
    let embedding = header.tensors.get("token_embd.weight").context("tensor token_embd.weight is missing")?;
    let mut map = Map::new();
    let mut copy = |to: &str, from: &str| {
        map.extend(keys.value(from).map(|value| (to.to_owned(), value.clone())));
    };
    for (to, from) in [
        ("hidden_size", "llama.embedding_length"),
        ("intermediate_size", "llama.feed_forward_length"),
        ("num_hidden_layers", "llama.block_count"),
        ("num_attention_heads", "llama.attention.head_count"),
        ("num_key_value_heads", "llama.attention.head_count_kv"),
        ("head_dim", "llama.attention.key_length"),
        ("rms_norm_eps", "llama.attention.layer_norm_rms_epsilon"),
        ("max_position_embeddings", "llama.context_length"),
        ("rope_theta", "llama.rope.freq_base"),
        ("bos_token_id", "tokenizer.ggml.bos_token_id"),
        ("eos_token_id", "tokenizer.ggml.eos_token_id"),
    ] {
        copy(to, from);
    }
    map.insert("model_type".into(), json!("llama"));
    map.insert("vocab_size".into(), json!(embedding.shape[0]));
    map.insert("tie_word_embeddings".into(), json!(!header.tensors.contains_key("output.weight")));
    map.insert("attention_bias".into(), json!(header.tensors.contains_key("blk.0.attn_q.bias")));
    LmConfig::from_json(&Value::Object(map))
}

/// Refuses positions that the file scales.
fn check_positions(header: &Header) -> Result<()> {
    let scaling = Keys(&header.metadata).text("llama.rope.scaling.type")?.unwrap_or("none");
    ensure!(
        scaling == "none" && !header.tensors.contains_key("rope_freqs.weight"),
        "its rotary positions are scaled, which GGUF files are not read with; \
         take the Hugging Face folder of this model"
    );
    Ok(())
}
