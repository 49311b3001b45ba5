//! Collected rows and the problems that they are of.

use std::collections::HashMap;

use umwelt_messages::Row;
use unicode_normalization::UnicodeNormalization;

use crate::worlds::talk::tasks::Problem;

/// Reference problems by text and by key.
pub struct References {
    by_text: HashMap<String, Problem>,
    by_key: HashMap<String, Problem>,
}

impl References {
    /// Of problems with the same text the first one is found by it.
    pub fn new(problems: &[Problem]) -> Self {
        let mut by_text = HashMap::new();
        for problem in problems {
            by_text.entry(plain(&problem.sender)).or_insert_with(|| problem.clone());
        }
        let by_key = problems.iter().map(|problem| (problem.id.clone(), problem.clone())).collect();
        Self { by_text, by_key }
    }

    /// The problem of a row: the one of its text, or else of its key, which has the subject and the
    /// number.
    pub fn of(&self, row: &Row) -> Option<&Problem> {
        self.by_text.get(&plain(&row.task)).or_else(|| self.by_key.get(&row.task_id))
    }
}

/// A text with single blanks between its words, in Unicode's composed form (NFC).
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_matched_by_text_or_else_by_key() {
        let problem =
            |id: &str, sender: &str| Problem { id: id.into(), sender: sender.into(), ..Problem::default() };
        let references = References::new(&[
            problem("MATH_train_algebra_0", "What is\n  $x$ for caf\u{e9}?"),
            problem("MATH_train_algebra_1", "Another."),
        ]);
        let found = |id: &str, task: &str| {
            let row = Row { task_id: id.into(), task: task.into(), ..Row::default() };
            references.of(&row).map(|problem| problem.id.clone())
        };
        // An e with a combining accent, and other blanks.
        let text = " What is $x$  for cafe\u{301}? ";
        assert_eq!(found("a row", text).as_deref(), Some("MATH_train_algebra_0"));
        assert_eq!(found("MATH_train_algebra_1", text).as_deref(), Some("MATH_train_algebra_0"));
        assert_eq!(found("MATH_train_algebra_1", "A prompt").as_deref(), Some("MATH_train_algebra_1"));
        assert_eq!(found("MATH_train_algebra_2", "A prompt"), None);
    }
}
