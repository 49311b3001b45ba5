use super::*;

fn qwen() -> Value {
    json!({
        "model_type": "qwen2", "hidden_size": 32, "intermediate_size": 56, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 211, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": true, "max_position_embeddings": 256, "rope_theta": 1e6, "some_key": [1],
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut json = qwen();
    json[key] = value;
    json
}

#[test]
fn a_configuration_is_written_as_it_was_read() {
    let config = LmConfig::from_json(&qwen()).unwrap();
    assert_eq!((config.head, config.kv_heads, config.qkv_bias, config.out_bias), (8, 2, true, false));
    let written = config.to_json();
    assert_eq!(written["some_key"], json!([1]));
    let again = LmConfig::from_json(&written).unwrap();
    assert_eq!(LmConfig { others: Map::new(), ..again }, LmConfig { others: Map::new(), ..config });
}

#[test]
fn positions_are_read_from_all_places() {
    let llama3 = json!({
        "rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
    });
    let expected = RopeScaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, original_context: 8192.0 };
    let rope = LmConfig::from_json(&with("rope_parameters", llama3)).unwrap().rope;
    assert_eq!(rope, RopeSettings { theta: 5e5, scaling: expected });
    let rope =
        LmConfig::from_json(&with("rope_scaling", json!({"type": "linear", "factor": 2.0}))).unwrap().rope;
    assert_eq!(rope, RopeSettings { theta: 1e6, scaling: RopeScaling::Linear { factor: 2.0 } });
}

#[test]
fn mistakes_are_named() {
    for (key, value, expected) in [
        ("model_type", json!("mamba"), "model_type `mamba` is unknown; known: qwen2, llama"),
        ("hidden_size", Value::Null, "hidden_size is missing"),
        ("vocab_size", json!(-3), "vocab_size is -3; it should be a whole number from 1 to 2^24"),
        ("num_hidden_layers", json!(1_000_000), "num_hidden_layers is 1000000; at most 4096 are supported"),
        ("num_key_value_heads", json!(3), "a multiple of num_key_value_heads, 3"),
        ("head_dim", json!(7), "head_dim is 7; rotary positions need an even number"),
        ("hidden_act", json!("gelu"), "hidden_act is `gelu`; only silu is supported"),
        ("rms_norm_eps", json!("x"), "rms_norm_eps is \"x\"; it should be a positive number"),
        (
            "rope_scaling",
            json!({"rope_type": "yarn"}),
            "of kind `yarn` are unknown; known: default, linear, llama3",
        ),
        ("tie_word_embeddings", json!(1), "tie_word_embeddings is 1; it should be true or false"),
    ] {
        let error = LmConfig::from_json(&with(key, value)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let mut windowed = with("use_sliding_window", json!(true));
    windowed["sliding_window"] = json!(128);
    let error = LmConfig::from_json(&windowed).unwrap_err().to_string();
    assert!(error.contains("sliding_window of 128, shorter than max_position_embeddings, 256"), "{error}");
    windowed["sliding_window"] = json!(256);
    assert!(LmConfig::from_json(&windowed).is_ok());
}
