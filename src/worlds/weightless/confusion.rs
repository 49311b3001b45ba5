//! Answers to test digits: confusions, confidence, and the most confident mistakes.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_weightless::agent::Agent;

use super::pictures::CLASSES;
use super::trainer::Trainer;

/// Bins of confidence.
const BINS: usize = 10;
/// The mistakes that are drawn.
const SHOWN: usize = 12;

/// The answers of an agent to all test digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// Answers by true class, then by answered class; the last column has those that are no digit.
    pub counts: Vec<Vec<usize>>,
    /// Right answers and all answers by confidence, in ten bins from 0 to 1.
    pub by_confidence: Vec<[usize; 2]>,
    /// The most confident mistakes, the most confident first.
    pub mistakes: Vec<Mistake>,
}

/// A wrong answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The place among the test digits.
    pub place: usize,
    pub label: u8,
    /// `None` for "no digit".
    pub answer: Option<usize>,
    /// From 0 to 1.
    pub confidence: f64,
}

impl Confusion {
    /// The answers of `agent` to all test digits.
    ///
    /// # Errors
    /// An interruption.
    pub fn new(trainer: &Trainer, agent: &Agent) -> Result<Self> {
        let test = trainer.pictures.test();
        trainer.progress.update("answering", 0, test.len() as u64)?;
        let answers = agent.answers(test.images(), 0, trainer.threads);
        let mut found = Self {
            counts: vec![vec![0; CLASSES + 1]; CLASSES],
            by_confidence: vec![[0; 2]; BINS],
            mistakes: vec![],
        };
        for (place, (answer, &label)) in answers.iter().zip(test.labels()).enumerate() {
            let (confidence, is_right) = (answer.confidence.clamp(0.0, 1.0), answer.is(label));
            found.counts[usize::from(label)][answer.label().unwrap_or(CLASSES)] += 1;
            let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
            found.by_confidence[bin][0] += usize::from(is_right);
            found.by_confidence[bin][1] += 1;
            if !is_right {
                found.mistakes.push(Mistake { place, label, answer: answer.label(), confidence });
            }
        }
        found.mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        found.mistakes.truncate(SHOWN);
        Ok(found)
    }
}
