//! Problems, and receivers that work on them.

use anyhow::Result;

/// A set of problems. No problem is in two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The text that models are pretrained on.
    Pretraining,
    /// The problems that messages are collected of.
    Training,
    /// Problems like those of training.
    Seen,
    /// Problems with combinations that occur in no other split.
    Unseen,
}

impl Split {
    pub const ALL: [Self; 4] = [Self::Pretraining, Self::Training, Self::Seen, Self::Unseen];
    /// The splits that are evaluated.
    pub const EVALUATED: [Self; 2] = [Self::Seen, Self::Unseen];

    /// The name in keys and tables.
    pub fn name(self) -> &'static str {
        ["pretraining", "training", "seen", "unseen"][self as usize]
    }
}

/// A problem, a function of (seed, task, split, number).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The key: `chainmath/seen/17`.
    pub id: String,
    /// The group in reports: a level, or a family.
    pub group: String,
    /// Another group in reports, where a task has two.
    pub subject: Option<String>,
    /// The text that the sender reads.
    pub sender: String,
    /// The reference plan; empty where none is known.
    pub plan: String,
    /// What each of several senders reads, and the reference plan of it; empty where there is one
    /// sender, or where all of them read the whole.
    pub shares: Vec<Share>,
    /// The turns of the reference conversation: what the receiver reads, and what it should answer.
    /// A problem without a reference has one turn whose answer is empty.
    pub turns: Vec<(String, String)>,
}

/// The part of a problem that one of several senders reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub reads: String,
    pub plan: String,
}

impl Problem {
    /// The problem as sender `who` reads it.
    pub fn read_by(&self, who: usize) -> Self {
        let whole = self.clone();
        match self.shares.get(who).cloned() {
            Some(Share { reads, plan }) => Self { sender: reads, plan, ..whole },
            None => whole,
        }
    }

    /// The problem as a conversation of a sender that reads a message and writes its plan.
    pub fn as_relayed(&self) -> Self {
        Self { turns: vec![(self.sender.clone(), self.plan.clone())], ..self.clone() }
    }

    /// True if an answer is known.
    pub fn has_reference(&self) -> bool {
        self.turns.iter().any(|(_, answer)| !answer.is_empty())
    }

    /// The text that the receiver reads first.
    pub fn reads(&self) -> &str {
        self.turns.first().map_or("", |(reads, _)| reads)
    }
}

/// The split and the number of a key such as `chainmath/seen/17`.
pub fn place(id: &str) -> Option<(Split, u64)> {
    let (split, number) = id.split_once('/')?.1.split_once('/')?;
    let split = Split::ALL.into_iter().find(|known| known.name() == split)?;
    Some((split, number.parse().ok()?))
}

/// The consequence of a receiver's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next text that the receiver reads.
    Goes(String),
    /// The problem is over.
    Over { success: bool },
}

/// A problem that a receiver works on.
pub trait Episode {
    /// The bytes of the receiver's turn that count; what is behind them is forgotten.
    fn used(&self, written: &str) -> usize {
        written.len()
    }

    /// Takes the receiver's turn.
    ///
    /// # Errors
    /// When the world of the problem fails; nothing is known of its success then.
    fn take(&mut self, written: &str) -> Result<Outcome>;
}

/// The texts of a task that settings may replace.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    /// The system turn of ChatML; empty for none.
    pub system: &'static str,
    /// The sentence that asks the sender for a plan.
    pub plan_request: &'static str,
    /// The sentence that tells the receiver that a plan follows.
    pub bridge: &'static str,
    /// The most tokens of a plan.
    pub plan_tokens: usize,
    /// The most tokens of a receiver's turn.
    pub turn_tokens: usize,
}
