//! The names and shapes of a decoder's tensors, as in Hugging Face folders.

use crate::config::LmConfig;

/// The name and the shape of every tensor, in the order of the layers.
pub fn shapes(config: &LmConfig) -> Vec<(String, Vec<i64>)> {
    let mut all = vec![("model.embed_tokens.weight".to_owned(), vec![config.vocabulary, config.hidden])];
    (0..config.layers).for_each(|layer| block(config, layer, &mut all));
    all.push(("model.norm.weight".into(), vec![config.hidden]));
    if !config.tied {
        all.push(("lm_head.weight".into(), vec![config.vocabulary, config.hidden]));
    }
    all
}

fn block(config: &LmConfig, layer: i64, all: &mut Vec<(String, Vec<i64>)>) {
    let LmConfig { hidden, intermediate, heads, kv_heads, head, .. } = *config;
    let (queries, keys) = (heads * head, kv_heads * head);
    let mut add = |name: &str, shape: Vec<i64>| all.push((format!("model.layers.{layer}.{name}"), shape));
    add("input_layernorm.weight", vec![hidden]);
    for (name, inputs, outputs, bias) in [
        ("self_attn.q_proj", hidden, queries, config.qkv_bias),
        ("self_attn.k_proj", hidden, keys, config.qkv_bias),
        ("self_attn.v_proj", hidden, keys, config.qkv_bias),
        ("self_attn.o_proj", queries, hidden, config.out_bias),
        ("mlp.gate_proj", hidden, intermediate, config.mlp_bias),
        ("mlp.up_proj", hidden, intermediate, config.mlp_bias),
        ("mlp.down_proj", intermediate, hidden, config.mlp_bias),
    ] {
        add(&format!("{name}.weight"), vec![outputs, inputs]);
        if bias {
            add(&format!("{name}.bias"), vec![outputs]);
        }
    }
    add("post_attention_layernorm.weight", vec![hidden]);
}

/// The number of parameters; a tied head counts once.
pub fn count(config: &LmConfig) -> i64 {
    shapes(config).iter().map(|(_, shape)| shape.iter().product::<i64>()).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn published_models_have_their_published_numbers_of_parameters() {
        let config = |kind: &str, sizes: [i64; 7], tied: bool| {
            let [hidden, intermediate, layers, heads, kv, head, vocabulary] = sizes;
            let json = json!({
                "model_type": kind, "hidden_size": hidden, "intermediate_size": intermediate,
                "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv,
                "head_dim": head, "vocab_size": vocabulary, "tie_word_embeddings": tied,
            });
            LmConfig::from_json(&json).unwrap()
        };
        for (config, expected) in [
            (config("qwen2", [896, 4864, 24, 14, 2, 64, 151_936], true), 494_032_768),
            (config("qwen2", [3584, 18_944, 28, 28, 4, 128, 152_064], false), 7_615_616_512),
            (config("llama", [4096, 14_336, 32, 32, 8, 128, 128_256], false), 8_030_261_248),
            (config("qwen2", [64, 176, 2, 2, 1, 32, 128], true), 100_928),
            (config("qwen2", [128, 352, 4, 4, 2, 32, 128], true), 755_840),
            (config("llama", [128, 352, 4, 4, 2, 32, 128], false), 771_200),
            (config("qwen2", [96, 256, 4, 4, 2, 24, 128], true), 419_424),
            (config("qwen2", [192, 512, 6, 6, 2, 32, 128], true), 2_388_288),
        ] {
            assert_eq!(count(&config), expected);
        }
    }
}
