//! Numbers of plans that are left out.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// A reason to leave out a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Unmatched,
    Duplicate,
    EmptyPlan,
    Short,
    Truncated,
    NoAnswer,
    Leaky,
}

impl Reason {
    pub const ALL: [Self; 7] = [
        Self::Unmatched,
        Self::Duplicate,
        Self::EmptyPlan,
        Self::Short,
        Self::Truncated,
        Self::NoAnswer,
        Self::Leaky,
    ];

    /// The name in files.
    pub fn name(self) -> &'static str {
        ["unmatched", "duplicate", "empty_plan", "short", "truncated", "no_answer", "leaky"][self as usize]
    }

    pub fn title(self) -> &'static str {
        [
            "of no known problem",
            "of a problem that another plan has",
            "no text",
            "too few hidden states",
            "cut off",
            "no box in the solution",
            "the answer is in the plan",
        ][self as usize]
    }
}

/// The numbers of plans that are kept, and that are left out for each reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    pub kept: usize,
    dropped: BTreeMap<&'static str, usize>,
}

impl Stats {
    pub fn count(&mut self, reason: Reason) {
        *self.dropped.entry(reason.name()).or_default() += 1;
    }

    /// The number of plans that are left out for this reason.
    pub fn of(&self, reason: Reason) -> usize {
        self.dropped.get(reason.name()).copied().unwrap_or(0)
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, text: &mut fmt::Formatter) -> fmt::Result {
        let all: Vec<String> = Reason::ALL
            .into_iter()
            .filter(|reason| self.of(*reason) > 0)
            .map(|reason| format!("{} {}", self.of(reason), reason.name()))
            .collect();
        write!(text, "{}", if all.is_empty() { "there was no plan".to_owned() } else { all.join(", ") })
    }
}
