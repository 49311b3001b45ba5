//! Answers of agents of every kind.

/// The answer to one picture.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Answer {
    /// The class; a number above the last class is the "no digit" of an `ao` agent. `None` where
    /// the agent has learnt nothing.
    pub value: Option<usize>,
    /// 0 to 1: a probability, or the lead over the second best relative to the best.
    pub confidence: f64,
    /// A score for each class, larger where it fits better; minus infinity for a class that was
    /// never shown.
    pub scores: Vec<f32>,
    /// Distances to the examples that an `ao` agent keeps.
    pub distances: Option<Distances>,
    /// The steps after which an `ao` agent's state was at rest.
    pub settled: Option<usize>,
}

/// Distances in bits between a picture and the nearest examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distances {
    /// To the nearest example of the answered class, if there is one.
    pub answered: Option<u32>,
    /// To the nearest example of any other class, with this class.
    pub other: Option<(usize, u32)>,
}

impl Answer {
    /// The answered class; `None` for "no digit" and for an agent that has learnt nothing.
    pub fn label(&self) -> Option<usize> {
        self.value.filter(|value| *value < self.scores.len())
    }

    /// Whether this is the right answer.
    pub fn is(&self, label: u8) -> bool {
        self.label() == Some(usize::from(label))
    }
}

/// The lead of the best score over the second best, relative to the best; 0 where the best is 0.
pub fn relative_lead(scores: impl Iterator<Item = f64>) -> f64 {
    let two = |(best, second): (f64, f64), score: f64| match score > best {
        true => (score, best),
        false => (best, second.max(score)),
    };
    let (best, second) = scores.fold((0.0, 0.0), two);
    if best > 0.0 { (best - second) / best } else { 0.0 }
}

/// The share of answers that are right, and of those that are no class.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Accuracy {
    pub right: usize,
    pub no_class: usize,
    pub answers: usize,
}

impl Accuracy {
    /// Adds the answer to a picture with `label`.
    pub fn add(&mut self, answer: &Answer, label: u8) {
        self.answers += 1;
        self.right += usize::from(answer.is(label));
        self.no_class += usize::from(answer.label().is_none());
    }

    /// The share of right answers, 0 to 1.
    pub fn share(&self) -> f64 {
        self.right as f64 / self.answers.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_is_relative_to_the_best() {
        assert_eq!(relative_lead([3.0, 12.0, 9.0].into_iter()), 0.25);
        assert_eq!(relative_lead([12.0, 12.0].into_iter()), 0.0);
        assert_eq!((relative_lead([0.0].into_iter()), relative_lead([2.0].into_iter())), (0.0, 1.0));
    }

    #[test]
    fn no_digit_is_wrong() {
        let answer = |value| Answer { value, scores: vec![0.0; 10], ..Answer::default() };
        let mut accuracy = Accuracy::default();
        [Some(3), Some(12), None, Some(4)].into_iter().for_each(|value| accuracy.add(&answer(value), 3));
        assert_eq!(accuracy, Accuracy { right: 1, no_class: 2, answers: 4 });
        assert_eq!(accuracy.share(), 0.25);
    }
}
