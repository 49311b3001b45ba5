//! Files of conversations.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use umwelt_base::terminal;

use super::{Conversation, Recorded, text_of};

/// The conversations of a file: a JSON array, or one object a line where its name ends in
/// `.jsonl`. Turns of an assistant that begin a conversation are left out with a warning.
///
/// # Errors
/// When the file cannot be read, or a conversation is none. The error names the file, the id and the
/// turn.
pub fn read(path: &Path) -> Result<Vec<Conversation>> {
    let place = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {place}"))?;
    let values = values(path, &text).with_context(|| format!("{place} is no JSON of conversations"))?;
    ensure!(!values.is_empty(), "{place} holds no conversation");
    let (mut known, mut all) = (HashSet::new(), vec![]);
    for (number, value) in values.into_iter().enumerate() {
        let name = name(&value, number);
        let conversation = conversation(value).with_context(|| format!("{place}: conversation {name}"))?;
        ensure!(known.insert(conversation.id.clone()), "{place}: conversation {name} is in the file twice");
        all.push(conversation);
    }
    warn(path, &all);
    Ok(all)
}

fn values(path: &Path, text: &str) -> Result<Vec<Value>> {
    if path.extension().is_none_or(|extension| extension != "jsonl") {
        return Ok(serde_json::from_str(text)?);
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| serde_json::from_str(line).with_context(|| format!("line {}", at + 1))).collect()
}

/// The id of a conversation in errors, or its number where it has none.
fn name(value: &Value, number: usize) -> String {
    value.get("id").map_or_else(|| format!("number {number}"), text_of)
}

fn conversation(value: Value) -> Result<Conversation> {
    Conversation::new(serde_json::from_value::<Recorded>(value)?)
}

fn warn(path: &Path, all: &[Conversation]) {
    let dropped: Vec<&Conversation> = all.iter().filter(|conversation| conversation.dropped).collect();
    if let Some(first) = dropped.first() {
        terminal::note(format!(
            "warning: {}: {} conversations begin with a turn of `gpt`, which is left out; the first is {}",
            path.display(),
            dropped.len(),
            first.id
        ));
    }
}
