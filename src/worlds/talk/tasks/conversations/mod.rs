//! Conversations of real tasks, read from JSON and checked.

mod reader;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::reader::read;

/// The turns of a conversation that begins with an instruction, its acknowledgement and the task.
const INSTRUCTED: usize = 3;

/// A conversation between a user, whose first text has the task, and an assistant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    pub id: String,
    /// Pairs of a text that the assistant reads and its answer.
    pub turns: Vec<(String, String)>,
    /// The first turn of a conversation of more than two turns, which is joined to the task's.
    pub instruction: Option<String>,
    pub plan: Option<String>,
    /// The answer that is expected.
    pub answer: Option<String>,
    /// True if the conversation began with a turn of the assistant, which is left out.
    pub dropped: bool,
}

/// A conversation as the file holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    pub id: Value,
    pub conversations: Vec<RecordedTurn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// A turn as the file holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordedTurn {
    pub from: String,
    pub value: String,
}

impl RecordedTurn {
    pub fn new(from: &str, value: &str) -> Self {
        Self { from: from.into(), value: value.into() }
    }
}

impl Conversation {
    /// Checks a recorded conversation. Of more than two turns, the first and the third are joined
    /// by a newline and the second is left out; a last turn of the user has no answer and is left
    /// out, too.
    ///
    /// # Errors
    /// When roles do not alternate from the user on, or no turn is left to learn from. The error
    /// names the turn, counted from 0.
    pub fn new(recorded: Recorded) -> Result<Self> {
        let dropped = recorded.conversations.first().is_some_and(|turn| turn.from == "gpt");
        let turns = &recorded.conversations[usize::from(dropped)..];
        for (at, turn) in turns.iter().enumerate() {
            let expected = if at % 2 == 0 { "human" } else { "gpt" };
            let number = at + usize::from(dropped);
            ensure!(
                turn.from == expected,
                "turn {number} is from `{}` where roles that alternate have `{expected}`",
                turn.from
            );
        }
        let first = turns.first().context("there is no turn of `human`")?;
        let is_instructed = turns.len() >= INSTRUCTED;
        let (reads, rest) = match is_instructed {
            true => (format!("{}\n{}", first.value, turns[2].value), &turns[INSTRUCTED..]),
            false => (first.value.clone(), &turns[1..]),
        };
        let turns = pairs(reads, rest);
        ensure!(!turns.is_empty(), "no turn of `gpt` follows the task, so there is nothing to learn");
        Ok(Self {
            id: text_of(&recorded.id),
            turns,
            instruction: is_instructed.then(|| first.value.clone()),
            plan: recorded.plan,
            answer: recorded.answer,
            dropped,
        })
    }
}

/// Pairs of a text and its answer; the first text is `reads`, and the first of `rest` answers it.
fn pairs(reads: String, rest: &[RecordedTurn]) -> Vec<(String, String)> {
    let (mut reads, mut pairs) = (reads, vec![]);
    for pair in rest.chunks(2) {
        let next = pair.get(1).map_or(String::new(), |turn| turn.value.clone());
        pairs.push((std::mem::replace(&mut reads, next), pair[0].value.clone()));
    }
    pairs
}

/// An id as text: `"a"` and `7` are both ids.
fn text_of(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
