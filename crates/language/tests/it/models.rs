//! Small models for tests.

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use umwelt_language::{DecoderLm, LanguageModel, LmConfig};

use crate::recorded::path;

/// A configuration of a small model with a vocabulary of 29; llama's is not tied.
pub fn config(kind: &str) -> LmConfig {
    let json = json!({
        "model_type": kind, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 29,
        "rms_norm_eps": 1e-5, "rope_theta": 1e4, "initializer_range": 0.2,
        "tie_word_embeddings": kind == "qwen2", "eos_token_id": [3, 5], "max_position_embeddings": 128,
    });
    LmConfig::from_json(&json).unwrap()
}

pub fn decoder(kind: &str, seed: u64) -> DecoderLm {
    DecoderLm::initial(config(kind), seed, Device::Cpu).unwrap()
}

/// A model without a tokenizer.
pub fn model(kind: &str) -> LanguageModel {
    LanguageModel {
        decoder: decoder(kind, 7),
        tokenizer: None,
        tokenizer_config: Value::Null,
        generation_config: json!({}),
    }
}

pub fn recorded_model(name: &str) -> LanguageModel {
    LanguageModel::load(&path(name), Kind::Float, Device::Cpu).unwrap()
}

/// The largest difference of two tensors.
pub fn gap(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a.to_kind(Kind::Double) - b.to_kind(Kind::Double)).abs().max().double_value(&[])
}
