//! Tasks. In the built-in ones a sender knows what is to be done, a receiver what it starts from, so
//! that the receiver alone cannot answer; the real ones come from files and child processes.

pub mod alfworld;
pub mod chainmath;
pub mod conversations;
pub mod math;
pub mod minihouse;
mod problem;
mod vocabulary;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use self::alfworld::AlfWorld;
use self::chainmath::ChainMath;
use self::conversations::Conversation;
use self::math::MathTask;
use self::minihouse::MiniHouse;
use super::settings::{TalkSettings, TaskName, Topology};

pub use self::problem::{Episode, Outcome, Problem, Share, Split, Texts, place};
pub use self::vocabulary::tokenizer;

/// A kind of problems.
#[derive(Clone, Debug)]
pub enum Task {
    ChainMath(ChainMath),
    MiniHouse(MiniHouse),
    Math(Arc<MathTask>),
    AlfWorld(Arc<AlfWorld>),
}

impl Task {
    /// # Errors
    /// When the files of the task cannot be read.
    pub fn new(settings: &TalkSettings, seed: u64) -> Result<Self> {
        let (data, equality) = (settings.data.as_deref().map(Path::new), settings.evaluate.equality);
        Ok(match settings.task {
            TaskName::ChainMath => {
                let task = ChainMath::new(settings.chainmath, equality, seed);
                Self::ChainMath(task.shared_by(settings.sender_count(), settings.topology == Topology::Chain))
            }
            TaskName::MiniHouse => Self::MiniHouse(MiniHouse::new(settings.minihouse.clone(), seed)),
            TaskName::Math => {
                let data = data.context("talk.data names no file or folder of problems")?;
                let subjects = settings.collect.subjects.as_deref();
                Self::Math(Arc::new(MathTask::read(data, subjects, equality)?))
            }
            TaskName::AlfWorld => {
                Self::AlfWorld(Arc::new(AlfWorld::new(data, settings.alfworld.clone()).context("talk.data")?))
            }
        })
    }

    /// The name in headings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ChainMath(_) => "ChainMath",
            Self::MiniHouse(_) => "MiniHouse",
            Self::Math(_) => "MATH",
            Self::AlfWorld(_) => "ALFWorld",
        }
    }

    pub fn texts(&self) -> Texts {
        match self {
            Self::ChainMath(_) => chainmath::TEXTS,
            Self::MiniHouse(_) => minihouse::TEXTS,
            Self::Math(_) => math::TEXTS,
            Self::AlfWorld(_) => alfworld::TEXTS,
        }
    }

    /// The words of the task's texts; a real task has no tokenizer of its own.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::ChainMath(task) => task.words(),
            Self::MiniHouse(task) => task.words(),
            Self::Math(_) | Self::AlfWorld(_) => vec![],
        }
    }

    /// The number of difficulties, from 1 on; pretraining begins with the first.
    pub fn levels(&self) -> usize {
        match self {
            Self::ChainMath(_) => chainmath::LEVELS,
            Self::MiniHouse(task) => task.levels(),
            Self::Math(_) | Self::AlfWorld(_) => 1,
        }
    }

    /// The number of problems of a split, of at most `most`.
    pub fn count(&self, split: Split, most: usize) -> usize {
        match self {
            Self::ChainMath(_) | Self::MiniHouse(_) => most,
            Self::Math(task) => most.min(task.problems(split).len()),
            Self::AlfWorld(task) => match split {
                Split::Training => most.min(task.training().len()),
                Split::Pretraining => 0,
                Split::Seen => most.min(alfworld::SEEN),
                Split::Unseen => most.min(alfworld::UNSEEN),
            },
        }
    }

    /// The most problems that are worked on at once.
    pub fn most_at_once(&self) -> usize {
        match self {
            Self::AlfWorld(task) => task.settings().bridges,
            _ => usize::MAX,
        }
    }

    /// Problem `number` of a split, of the difficulties up to `level`.
    ///
    /// # Errors
    /// When a real task has no such problem, or its world fails.
    pub fn problem(&self, split: Split, number: u64, level: usize) -> Result<Problem> {
        let listed = |problems: &[Problem]| {
            let found = problems.get(number as usize).cloned();
            found.with_context(|| format!("talk.data has no problem {number} of the split {}", split.name()))
        };
        match self {
            Self::ChainMath(task) => Ok(task.problem(split, number, level)),
            Self::MiniHouse(task) => Ok(task.problem(split, number, level)),
            Self::Math(task) => listed(task.problems(split)),
            Self::AlfWorld(task) if split == Split::Training => listed(task.training()),
            Self::AlfWorld(task) => task.game(split, number),
        }
    }

    /// The problem with this key, of all difficulties.
    ///
    /// # Errors
    /// When the key is of no problem of this task.
    pub fn by_id(&self, id: &str) -> Result<Problem> {
        let numbered = || {
            let (split, number) = place(id)?;
            self.problem(split, number, self.levels()).ok()
        };
        let found = match self {
            Self::ChainMath(_) | Self::MiniHouse(_) => numbered(),
            Self::Math(task) => task.by_id(id).cloned(),
            Self::AlfWorld(task) => {
                task.training().iter().find(|problem| problem.id == id).cloned().or_else(numbered)
            }
        };
        found.filter(|problem| problem.id == id).with_context(|| format!("{id} is no problem of this task"))
    }

    /// A conversation as a problem of this task.
    pub fn of_conversation(&self, conversation: Conversation) -> Problem {
        match self {
            Self::Math(_) => MathTask::of_conversation(conversation),
            _ => AlfWorld::of_conversation(conversation),
        }
    }

    /// The problem as a receiver works on it.
    ///
    /// # Errors
    /// When the problem is not one of this task, or its world fails.
    pub fn episode(&self, problem: &Problem) -> Result<Box<dyn Episode>> {
        Ok(match self {
            Self::ChainMath(task) => Box::new(math::Answer::new(problem, task.equality)),
            Self::Math(task) => Box::new(math::Answer::new(problem, task.equality)),
            Self::MiniHouse(task) => {
                let visit = task.visit(problem);
                Box::new(visit.with_context(|| format!("{} is no problem of this task", problem.id))?)
            }
            Self::AlfWorld(task) => task.episode(problem)?,
        })
    }

    /// True if following the written plan solves the problem; `None` where no program can tell.
    pub fn is_right(&self, problem: &Problem, plan: &str) -> Option<bool> {
        match self {
            Self::ChainMath(task) => Some(task.is_right(problem, plan)),
            Self::MiniHouse(task) => Some(task.is_right(problem, plan)),
            Self::Math(_) | Self::AlfWorld(_) => None,
        }
    }

    /// True if most of several answers are right; `None` for tasks of many turns.
    pub fn majority(&self, problem: &Problem, written: &[String]) -> Option<bool> {
        match self {
            Self::ChainMath(task) => Some(math::majority(task.equality, problem, written)),
            Self::Math(task) => Some(math::majority(task.equality, problem, written)),
            Self::MiniHouse(_) | Self::AlfWorld(_) => None,
        }
    }

    /// Facts of a problem by name, for probes: its group, and in ChainMath each operation.
    pub fn facts(&self, problem: &Problem) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::from([("group".to_owned(), problem.group.clone())]);
        facts.extend(problem.subject.iter().map(|subject| ("subject".to_owned(), subject.clone())));
        if let (Self::ChainMath(task), Some((split, number))) = (self, place(&problem.id)) {
            facts.extend(task.facts(split, number));
        }
        facts
    }

    /// The success of the best guess of a receiver that reads no message; `None` where receivers
    /// may know what they are not told.
    pub fn best_guess(&self) -> Option<f64> {
        match self {
            Self::ChainMath(task) => Some(task.best_guess()),
            Self::MiniHouse(task) => Some(task.best_guess()),
            Self::Math(_) | Self::AlfWorld(_) => None,
        }
    }
}
