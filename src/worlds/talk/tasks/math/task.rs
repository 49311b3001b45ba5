//! MATH as a task: a sender plans, a receiver answers in a box.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Result, ensure};

use super::dataset::{Dataset, Entry};
use super::{Equality, boxed};
use crate::worlds::talk::tasks::conversations::Conversation;
use crate::worlds::talk::tasks::{Episode, Outcome, Problem, Split, Texts};

pub const TEXTS: Texts = Texts {
    system: umwelt_language::DEFAULT_SYSTEM,
    plan_request: "Write a plan that solves this problem in steps. Do not tell the answer.",
    bridge: "A plan for this problem follows:",
    plan_tokens: 1500,
    turn_tokens: 2048,
};
/// The sentence that asks a receiver for an answer.
const REQUEST: &str = "Reason step by step, and put the final answer in \\boxed{}.";

/// The problems of a data set.
#[derive(Debug)]
pub struct MathTask {
    /// When an answer is right.
    pub equality: Equality,
    training: Vec<Problem>,
    seen: Vec<Problem>,
    unseen: Vec<Problem>,
    /// The split and the place of every problem.
    places: HashMap<String, (Split, usize)>,
}

impl MathTask {
    /// The problems at a path. Those of `subjects` (all, without them) are trained on; test problems
    /// of other subjects are unseen.
    ///
    /// # Errors
    /// As [`Dataset::read`], and when a subject is unknown.
    pub fn read(path: &Path, subjects: Option<&[String]>, equality: Equality) -> Result<Self> {
        let Dataset { train, test } = Dataset::read(path)?;
        let known: BTreeMap<&str, ()> = train.iter().chain(&test).map(|e| (e.subject.as_str(), ())).collect();
        for subject in subjects.unwrap_or_default() {
            let all: Vec<&str> = known.keys().copied().collect();
            ensure!(
                known.contains_key(subject.as_str()),
                "talk.collect.subjects: {} has no subject `{subject}`; it has {}",
                path.display(),
                all.join(", ")
            );
        }
        let is_trained = |entry: &&Entry| subjects.is_none_or(|all| all.contains(&entry.subject));
        let training = train.iter().filter(is_trained).map(|entry| problem(entry, "train")).collect();
        let (seen, unseen): (Vec<&Entry>, Vec<&Entry>) = test.iter().partition(is_trained);
        let of = |entries: Vec<&Entry>| entries.into_iter().map(|entry| problem(entry, "test")).collect();
        let (seen, unseen) = (of(seen), of(unseen));
        let mut task = Self { equality, training, seen, unseen, places: HashMap::new() };
        for split in [Split::Training, Split::Seen, Split::Unseen] {
            let ids: Vec<String> = task.problems(split).iter().map(|problem| problem.id.clone()).collect();
            for (at, id) in ids.into_iter().enumerate() {
                let old = task.places.insert(id.clone(), (split, at));
                ensure!(old.is_none(), "{}: problem {id} is in it twice", path.display());
            }
        }
        Ok(task)
    }

    /// The problems of a split; none of pretraining.
    pub fn problems(&self, split: Split) -> &[Problem] {
        match split {
            Split::Pretraining => &[],
            Split::Training => &self.training,
            Split::Seen => &self.seen,
            Split::Unseen => &self.unseen,
        }
    }

    /// The problem with this key.
    pub fn by_id(&self, id: &str) -> Option<&Problem> {
        self.places.get(id).map(|(split, at)| &self.problems(*split)[*at])
    }

    /// A conversation as a problem.
    pub fn of_conversation(conversation: Conversation) -> Problem {
        let mut turns = conversation.turns;
        let sender = turns[0].0.clone();
        turns[0].0 = asked(&sender);
        Problem { id: conversation.id, sender, turns, ..Problem::default() }
    }
}

/// True if most of the answers are right, in which equal ones count as one; the first of those that
/// are as frequent decides.
pub fn majority(equality: Equality, problem: &Problem, written: &[String]) -> bool {
    let answers: Vec<String> = written.iter().filter_map(|text| boxed(text)).collect();
    let equal = |answer: &&String| answers.iter().filter(|other| equality.holds(other, answer)).count();
    // `max_by_key` takes the last of several.
    let most = answers.iter().rev().max_by_key(equal);
    most.zip(expected(problem)).is_some_and(|(most, expected)| equality.holds(most, &expected))
}

fn problem(entry: &Entry, split: &str) -> Problem {
    Problem {
        id: format!("MATH_{split}_{}_{}", entry.subject, entry.index),
        group: entry.level.clone(),
        subject: Some(entry.subject.clone()),
        sender: entry.problem.clone(),
        turns: vec![(asked(&entry.problem), entry.solution.clone())],
        ..Problem::default()
    }
}

fn asked(problem: &str) -> String {
    format!("{problem}\n{REQUEST}")
}

fn expected(problem: &Problem) -> Option<String> {
    problem.turns.last().and_then(|(_, answer)| boxed(answer))
}

/// The single turn of a receiver, whose last box is compared with that of the reference.
pub struct Answer {
    expected: Option<String>,
    equality: Equality,
}

impl Answer {
    pub fn new(problem: &Problem, equality: Equality) -> Self {
        Self { expected: expected(problem), equality }
    }
}

impl Episode for Answer {
    fn take(&mut self, written: &str) -> Result<Outcome> {
        let both = boxed(written).zip(self.expected.as_ref());
        let success = both.is_some_and(|(answer, expected)| self.equality.holds(&answer, expected));
        Ok(Outcome::Over { success })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn read(subjects: Option<&[String]>) -> Result<MathTask> {
        let at = tempfile::tempdir().unwrap();
        for (split, count) in [("train", 6), ("test", 4)] {
            let line = |number: usize| {
                let subject = ["Algebra", "Geometry"][number % 2];
                let solution = format!("\\boxed{{{number}}}");
                json!({ "problem": format!("{split} {number}"), "solution": solution, "level": "Level 1", "type": subject })
            };
            let lines: Vec<String> = (0..count).map(|number| line(number).to_string()).collect();
            fs::write(at.path().join(format!("{split}.jsonl")), lines.join("\n")).unwrap();
        }
        MathTask::read(at.path(), subjects, Equality::Numeric)
    }

    #[test]
    fn test_problems_of_other_subjects_are_unseen() {
        let counts = |task: &MathTask| Split::ALL.map(|split| task.problems(split).len());
        assert_eq!(counts(&read(None).unwrap()), [0, 6, 4, 0]);
        let task = read(Some(&["algebra".to_owned()])).unwrap();
        assert_eq!(counts(&task), [0, 3, 2, 2]);
        assert_eq!(task.by_id("MATH_train_algebra_2").unwrap().sender, "train 4");
        assert_eq!(task.by_id("MATH_test_geometry_1").unwrap().turns[0].0, format!("test 3\n{REQUEST}"));
        assert_eq!(task.by_id("MATH_train_geometry_0"), None);
        let error = read(Some(&["logic".to_owned()])).unwrap_err().to_string();
        assert!(error.ends_with("has no subject `logic`; it has algebra, geometry"), "{error}");
    }

    #[test]
    fn the_majority_counts_equal_answers_as_one() {
        let problem = Problem { turns: vec![(String::new(), "\\boxed{0.5}".into())], ..Problem::default() };
        let majority = |answers: &[&str]| {
            let written: Vec<String> = answers.iter().map(|answer| format!("\\boxed{{{answer}}}")).collect();
            super::majority(Equality::Numeric, &problem, &written)
        };
        assert!(majority(&["1/2", "3", "\\frac12", "4"]));
        assert!(!majority(&["3", "0.5", "3"]));
        assert!(majority(&["0.5", "3"]) && !majority(&["3", "0.5"]), "the first of as many decides");
        assert!(!majority(&[]));
    }
}
