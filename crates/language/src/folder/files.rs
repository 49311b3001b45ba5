//! The JSON files of a folder.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use umwelt_base::atomic;

/// The content of `tokenizer_config.json`, with the template of `chat_template.jinja` if there is
/// one.
///
/// # Errors
/// When a file cannot be read.
pub fn tokenizer_config(folder: &Path) -> Result<Value> {
    let default = || json!({ "tokenizer_class": "PreTrainedTokenizerFast" });
    let mut config = read_json(&folder.join("tokenizer_config.json"))?.unwrap_or_else(default);
    if let (Ok(template), Some(map)) =
        (std::fs::read_to_string(folder.join("chat_template.jinja")), config.as_object_mut())
    {
        map.insert("chat_template".into(), template.into());
    }
    Ok(config)
}

/// The content of a JSON file; `None` where there is none.
///
/// # Errors
/// When it cannot be read or is no JSON.
pub fn read_json(path: &Path) -> Result<Option<Value>> {
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_slice(&bytes).map(Some).with_context(|| format!("{} is no JSON", path.display()))
}

/// Writes a JSON file, atomically.
///
/// # Errors
/// When it cannot be written.
pub fn write_json(path: &Path, value: &Value) -> Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    atomic::replace(path, text.as_bytes()).with_context(|| format!("could not write {}", path.display()))
}
