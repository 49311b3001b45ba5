//! Answers of a WiSARD.

use super::group::Group;
use super::learner::Wisard;
use super::logits::{logits, softmax};
use super::rams::Own;
use super::responses::{adaptive, best, by_responses, responses};
use super::settings::Decision;
use crate::Digit;
use crate::answer::{Accuracy, Answer};
use crate::bits::{BitSet, Copies, Encoder};

impl Wisard {
    /// The answer to a picture.
    pub fn answer(&self, encoder: &Encoder, image: &Digit) -> Answer {
        let mut rows = Vec::new();
        self.rams.find(encoder.encode(image).words(), &mut rows);
        self.answer_at(&rows, None)
    }

    /// The accuracy of the counts on samples that they have learnt, each taken off its own answer:
    /// an estimate that needs no test samples. Learnt tables have seen the samples, so `learnt`
    /// answers as `log` here.
    pub fn leave_one_out_accuracy<'a>(
        &self,
        encoder: &Encoder,
        samples: impl Iterator<Item = (&'a Digit, u8)>,
    ) -> Accuracy {
        let (mut accuracy, mut group) = (Accuracy::default(), Group::default());
        for (image, label) in samples {
            group.find(&self.rams, encoder, image, self.copies.unwrap_or(Copies::NONE));
            let own = group.own(0, usize::from(label));
            accuracy.add(&self.answer_at(group.rows(0), Some(own)), label);
        }
        accuracy
    }

    /// The answer at the rows of a picture; `own` is left out.
    pub(super) fn answer_at(&self, rows: &[u32], own: Option<Own>) -> Answer {
        let responses = match self.settings.decision {
            Decision::Seen => responses(&self.rams, rows, 1, own),
            Decision::Bleached => responses(&self.rams, rows, self.bleaching, own),
            Decision::Adaptive => adaptive(&self.rams, rows, own).0,
            Decision::Log | Decision::Learnt => return self.by_logits(rows, own),
        };
        by_responses(&responses, |class| self.rams.is_candidate(class, own))
    }

    fn by_logits(&self, rows: &[u32], own: Option<Own>) -> Answer {
        let scores = match own {
            Some(_) => {
                let mut scores = super::logits::log_scores(&self.rams, rows, own);
                let factor = self.settings.tau / self.rams.rams() as f32;
                scores.iter_mut().for_each(|score| *score *= factor);
                scores
            }
            None => logits(&self.rams, rows, None, self.settings.tau),
        };
        let probabilities = softmax(&scores);
        let value = best(&scores, |class| self.rams.is_candidate(class, own));
        let confidence = value.map_or(0.0, |class| f64::from(probabilities[class]));
        Answer { value, confidence, scores, ..Answer::default() }
    }

    /// The RAMs that answer for `class`, as bits `[R]`: those whose count is at least b.
    pub fn responding(&self, encoder: &Encoder, image: &Digit, class: usize) -> BitSet {
        let (mut rows, mut responding) = (Vec::new(), Vec::new());
        self.rams.find(encoder.encode(image).words(), &mut rows);
        let block = class / super::rows::LANES;
        let b = if self.settings.decision == Decision::Bleached { self.bleaching } else { 1 };
        self.rams.for_each_ram(&rows, block, None, |counts| {
            responding.push(counts[class % super::rows::LANES] >= b);
        });
        responding.into_iter().collect()
    }
}
