//! The architectures of decoders.

use anyhow::{Context, Result, bail};

use super::keys::Keys;

/// The architectures that are known, by `model_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Biases on queries, keys and values only.
    Qwen2,
    /// Biases where `attention_bias` and `mlp_bias` say so.
    Llama,
}

impl Architecture {
    const ALL: [(&str, Self); 2] = [("qwen2", Self::Qwen2), ("llama", Self::Llama)];

    /// Reads `model_type`.
    ///
    /// # Errors
    /// When it is missing or unknown.
    pub fn read(keys: Keys) -> Result<Self> {
        let name = keys.text("model_type")?.context("model_type is missing")?;
        match Self::ALL.into_iter().find(|(known, _)| *known == name) {
            Some((_, architecture)) => Ok(architecture),
            None => bail!("model_type `{name}` is unknown; known: qwen2, llama"),
        }
    }

    /// The value of `model_type`.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// The class of transformers.
    pub fn class(self) -> &'static str {
        match self {
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Llama => "LlamaForCausalLM",
        }
    }
}
