//! The shape of a decoder, read from and written to the `config.json` of a Hugging Face folder.

mod architecture;
mod keys;
mod rope;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

pub use self::architecture::Architecture;
pub use self::keys::{Keys, ids};
pub use self::rope::{RopeScaling, RopeSettings};

/// The most layers that a configuration may state.
const MAX_LAYERS: i64 = 4096;

/// The shape of a decoder language model.
#[derive(Clone, Debug, PartialEq)]
pub struct LmConfig {
    pub architecture: Architecture,
    /// The number of features of a hidden state, d.
    pub hidden: i64,
    /// The number of features inside a block's MLP.
    pub intermediate: i64,
    pub layers: i64,
    /// The number of query heads.
    pub heads: i64,
    /// The number of heads of keys and values.
    pub kv_heads: i64,
    /// The number of features of a head.
    pub head: i64,
    /// The rows of the embedding.
    pub vocabulary: i64,
    /// The number that is added to the mean square in RMSNorm.
    pub epsilon: f64,
    /// The logits are products with the embedding.
    pub tied: bool,
    /// Queries, keys and values have biases.
    pub qkv_bias: bool,
    /// The output of attention has a bias.
    pub out_bias: bool,
    /// The layers of the MLP have biases.
    pub mlp_bias: bool,
    /// The number of positions that the model is made for.
    pub context: i64,
    pub rope: RopeSettings,
    /// The standard deviation of initial weights.
    pub initializer_range: f64,
    /// Every key of the file that the configuration was read from.
    pub others: Map<String, Value>,
}

impl LmConfig {
    /// Reads the content of a `config.json`.
    ///
    /// # Errors
    /// When the architecture is unknown, a key is missing or out of range, or the file asks for
    /// something that the decoder lacks; the error names the key.
    pub fn from_json(json: &Value) -> Result<Self> {
        let map = json.as_object().context("a configuration is a JSON object")?;
        let keys = Keys(map);
        let architecture = Architecture::read(keys)?;
        let (hidden, heads) =
            (keys.required_size("hidden_size")?, keys.required_size("num_attention_heads")?);
        let context = keys.size("max_position_embeddings")?.unwrap_or(2048);
        let llama_flag =
            |key| Ok::<_, anyhow::Error>(architecture == Architecture::Llama && keys.flag(key, false)?);
        let attention_bias = llama_flag("attention_bias")?;
        let config = Self {
            architecture,
            hidden,
            intermediate: keys.required_size("intermediate_size")?,
            layers: keys.required_size("num_hidden_layers")?,
            heads,
            kv_heads: keys.size("num_key_value_heads")?.unwrap_or(heads),
            head: keys.size("head_dim")?.unwrap_or(hidden / heads),
            vocabulary: keys.required_size("vocab_size")?,
            epsilon: keys.positive("rms_norm_eps", 1e-6)?,
            tied: keys.flag("tie_word_embeddings", false)?,
            qkv_bias: architecture == Architecture::Qwen2 || attention_bias,
            out_bias: attention_bias,
            mlp_bias: llama_flag("mlp_bias")?,
            context,
            rope: RopeSettings::read(keys, context)?,
            initializer_range: keys.positive("initializer_range", 0.02)?,
            others: map.clone(),
        };
        check_unsupported(keys, context)?;
        config.check()?;
        Ok(config)
    }

    /// Checks that the sizes fit each other.
    ///
    /// # Errors
    /// When they do not; the error names the key.
    pub fn check(&self) -> Result<()> {
        let Self { heads, kv_heads, head, layers, .. } = self;
        ensure!(*layers <= MAX_LAYERS, "num_hidden_layers is {layers}; at most {MAX_LAYERS} are supported");
        ensure!(
            *kv_heads > 0 && heads % kv_heads == 0,
            "num_attention_heads is {heads}; it should be a multiple of num_key_value_heads, {kv_heads}"
        );
        ensure!(*head > 0 && head % 2 == 0, "head_dim is {head}; rotary positions need an even number");
        Ok(())
    }

    /// The content of a `config.json` that transformers reads: the keys that were read, with the
    /// values of the fields.
    pub fn to_json(&self) -> Value {
        let mut map = self.others.clone();
        let mut set = |key: &str, value: Value| map.insert(key.into(), value);
        set("architectures", json!([self.architecture.class()]));
        set("model_type", json!(self.architecture.name()));
        set("hidden_size", json!(self.hidden));
        set("intermediate_size", json!(self.intermediate));
        set("num_hidden_layers", json!(self.layers));
        set("num_attention_heads", json!(self.heads));
        set("num_key_value_heads", json!(self.kv_heads));
        set("head_dim", json!(self.head));
        set("vocab_size", json!(self.vocabulary));
        set("rms_norm_eps", json!(self.epsilon));
        set("hidden_act", json!("silu"));
        set("tie_word_embeddings", json!(self.tied));
        set("max_position_embeddings", json!(self.context));
        set("initializer_range", json!(self.initializer_range));
        if self.architecture == Architecture::Llama {
            set("attention_bias", json!(self.qkv_bias));
            set("mlp_bias", json!(self.mlp_bias));
        }
        self.rope.write(&mut map);
        Value::Object(map)
    }
}

/// Refuses what the decoder lacks: other activations, and windows shorter than the context.
fn check_unsupported(keys: Keys, context: i64) -> Result<()> {
    let activation = keys.text("hidden_act")?.unwrap_or("silu");
    ensure!(activation == "silu", "hidden_act is `{activation}`; only silu is supported");
    if keys.flag("use_sliding_window", false)? {
        let window = keys.size("sliding_window")?.unwrap_or(context);
        ensure!(
            window >= context,
            "use_sliding_window is true with a sliding_window of {window}, shorter than \
             max_position_embeddings, {context}; set use_sliding_window to false"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
