//! Built-in tasks. A sender knows what is to be done, a receiver what it starts from, so that the
//! receiver alone cannot answer.

pub mod chainmath;
pub mod math;
pub mod minihouse;
mod vocabulary;

use anyhow::{Context, Result};

use self::chainmath::ChainMath;
use self::minihouse::MiniHouse;
use super::settings::{TalkSettings, TaskName};

pub use self::vocabulary::tokenizer;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key: `chainmath/seen/17`.
    pub id: String,
    /// The group in reports: a level, or a family.
    pub group: String,
    /// The text that the sender reads.
    pub sender: String,
    /// The reference plan.
    pub plan: String,
    /// The turns of the reference conversation: what the receiver reads, and what it should answer.
    pub turns: Vec<(String, String)>,
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
    /// Takes the receiver's turn.
    fn take(&mut self, written: &str) -> Outcome;
}

/// The texts of a task that settings may replace.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    /// The sentence that asks the sender for a plan.
    pub plan_request: &'static str,
    /// The sentence that tells the receiver that a plan follows.
    pub bridge: &'static str,
    /// The most tokens of a plan.
    pub plan_tokens: usize,
    /// The most tokens of a receiver's turn.
    pub turn_tokens: usize,
}

/// A built-in task.
#[derive(Clone, Debug)]
pub enum Task {
    ChainMath(ChainMath),
    MiniHouse(MiniHouse),
}

impl Task {
    pub fn new(settings: &TalkSettings, seed: u64) -> Self {
        match settings.task {
            TaskName::ChainMath => {
                Self::ChainMath(ChainMath::new(settings.chainmath, settings.evaluate.equality, seed))
            }
            TaskName::MiniHouse => Self::MiniHouse(MiniHouse::new(settings.minihouse.clone(), seed)),
        }
    }

    /// The name in headings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ChainMath(_) => "ChainMath",
            Self::MiniHouse(_) => "MiniHouse",
        }
    }

    pub fn texts(&self) -> Texts {
        match self {
            Self::ChainMath(_) => chainmath::TEXTS,
            Self::MiniHouse(_) => minihouse::TEXTS,
        }
    }

    /// The words of the task's texts.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::ChainMath(task) => task.words(),
            Self::MiniHouse(task) => task.words(),
        }
    }

    /// The number of difficulties, from 1 on; pretraining begins with the first.
    pub fn levels(&self) -> usize {
        match self {
            Self::ChainMath(_) => chainmath::LEVELS,
            Self::MiniHouse(task) => task.levels(),
        }
    }

    /// Problem `number` of a split, of the difficulties up to `level`.
    pub fn problem(&self, split: Split, number: u64, level: usize) -> Problem {
        match self {
            Self::ChainMath(task) => task.problem(split, number, level),
            Self::MiniHouse(task) => task.problem(split, number, level),
        }
    }

    /// The problem with this key, of all difficulties.
    ///
    /// # Errors
    /// When the key is of no problem of this task.
    pub fn by_id(&self, id: &str) -> Result<Problem> {
        let parse = || {
            let (_, rest) = id.split_once('/')?;
            let (split, number) = rest.split_once('/')?;
            let split = Split::ALL.into_iter().find(|known| known.name() == split)?;
            let problem = self.problem(split, number.parse().ok()?, self.levels());
            (problem.id == id).then_some(problem)
        };
        parse().with_context(|| format!("{id} is no problem of this task"))
    }

    /// The problem as a receiver works on it.
    ///
    /// # Errors
    /// When the problem is not one of this task.
    pub fn episode(&self, problem: &Problem) -> Result<Box<dyn Episode>> {
        Ok(match self {
            Self::ChainMath(task) => Box::new(chainmath::Answer::new(problem, task.equality)),
            Self::MiniHouse(task) => {
                let visit = task.visit(problem);
                Box::new(visit.with_context(|| format!("{} is no problem of this task", problem.id))?)
            }
        })
    }

    /// True if following the written plan solves the problem.
    pub fn is_right(&self, problem: &Problem, plan: &str) -> bool {
        match self {
            Self::ChainMath(task) => task.is_right(problem, plan),
            Self::MiniHouse(task) => task.is_right(problem, plan),
        }
    }

    /// The success of the best guess of a receiver that reads no message.
    pub fn best_guess(&self) -> f64 {
        match self {
            Self::ChainMath(task) => task.best_guess(),
            Self::MiniHouse(task) => task.best_guess(),
        }
    }
}
