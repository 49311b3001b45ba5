//! Answers to test digits: confusions, confidence, and the most confident mistakes.

use serde::{Deserialize, Serialize};
use umwelt_weightless::Answer;

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
    /// No answers yet, of an agent that knows `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self {
            counts: vec![vec![0; classes + 1]; classes],
            by_confidence: vec![[0; 2]; BINS],
            mistakes: vec![],
        }
    }

    /// Adds the answer to a test digit.
    pub fn add(&mut self, place: usize, answer: &Answer, label: u8) {
        let (confidence, is_right) = (answer.confidence.clamp(0.0, 1.0), answer.is(label));
        let none = self.counts.len();
        self.counts[usize::from(label)][answer.label().unwrap_or(none)] += 1;
        let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
        self.by_confidence[bin][0] += usize::from(is_right);
        self.by_confidence[bin][1] += 1;
        if !is_right {
            self.mistakes.push(Mistake { place, label, answer: answer.label(), confidence });
        }
    }

    /// Keeps the most confident mistakes.
    pub fn finished(mut self) -> Self {
        self.mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        self.mistakes.truncate(SHOWN);
        self
    }
}
