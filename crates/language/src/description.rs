//! Descriptions of models on disk, made without reading their weights.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::config::LmConfig;
use crate::folder::{Shards, read_json, tokenizer_config};
use crate::gguf::GgufFile;
use crate::tokenizer::TextTokenizer;

/// A checkpoint on disk, whose tensors are checked by name and shape.
pub struct Description {
    pub config: LmConfig,
    pub tokenizer: Option<TextTokenizer>,
    /// The content of `tokenizer_config.json`, or what stands for it in a GGUF file.
    pub tokenizer_config: Value,
    /// The files that hold weights.
    pub files: Vec<PathBuf>,
}

impl Description {
    /// Reads everything but the weights of a Hugging Face folder or a GGUF file.
    ///
    /// # Errors
    /// As [`crate::LanguageModel::load`], apart from damaged weights.
    pub fn read(path: &Path) -> Result<Self> {
        let read = if path.is_file() { of_gguf(path) } else { of_folder(path) };
        let found = read.with_context(|| format!("could not read the model {}", path.display()))?;
        if let Some(tokenizer) = &found.tokenizer {
            tokenizer.check_fits(found.config.vocabulary)?;
        }
        Ok(found)
    }
}

fn of_folder(folder: &Path) -> Result<Description> {
    let file = folder.join("config.json");
    let json = read_json(&file)?.with_context(|| format!("{} is missing", file.display()))?;
    let config = LmConfig::from_json(&json).with_context(|| file.display().to_string())?;
    let shards = Shards::open(folder)?;
    shards.check(&config)?;
    let tokenizer = folder.join("tokenizer.json");
    let tokenizer = tokenizer.is_file().then(|| TextTokenizer::from_file(&tokenizer)).transpose()?;
    Ok(Description { config, tokenizer, tokenizer_config: tokenizer_config(folder)?, files: shards.paths() })
}

fn of_gguf(path: &Path) -> Result<Description> {
    let file = GgufFile::open(path)?;
    Ok(Description {
        config: file.config().clone(),
        tokenizer: Some(file.tokenizer()?),
        tokenizer_config: file.tokenizer_config(),
        files: vec![path.to_owned()],
    })
}
