//! Single samples that a WiSARD is taught, each of which can be taken back.

use umwelt_base::random::Stream;

use super::group::Group;
use super::learner::Wisard;
use super::logits::step;
use super::rams::{NotCounted, Rams};
use super::undo::{Lesson, UNDOS};
use crate::Digit;
use crate::bits::{Copies, Encoder};

/// Samples after which the rate of a lesson is half of the first: it is `rate * 30 / (30 + n)`
/// after n samples. The steps of a stream must shrink (Robbins and Monro 1951): at the first rate,
/// each lesson would undo a part of what the samples before it have taught.
const HALF_RATE: f32 = 30.0;
/// Steps at most that correct the answer to the sample itself, and their rate. Each moves the
/// logits by at most the rate.
const CORRECTIONS: usize = 20;
const CORRECTION_RATE: f32 = 1.0;
/// `bleaching: auto` chooses anew after each of so many samples, and then after each growth by a
/// tenth.
const EVERY_SAMPLE: u64 = 10;

impl Wisard {
    /// Learns one sample with its copies: it is counted, and the learnt tables take a step on it and
    /// one on a replayed sample. If the sample is answered wrongly even then, further steps on it
    /// alone correct the answer. [`Self::undo`] takes it back.
    pub fn learn(&mut self, encoder: &Encoder, image: &Digit, label: u8) {
        let copies = self.copies_for(1);
        let mut lesson = Lesson::new(image, label, self.bleaching);
        let mut group = Group::default();
        self.count(encoder, (image, label), &mut group);
        if self.rams.is_learnt() {
            let rate = self.lesson_rate(copies);
            self.steps(&group, label, rate, &mut |rams, rows| lesson.keep(rams, rows));
            let rng = Stream::new(self.seed, "replayed in lessons").at(&[self.lessons]);
            let keep = &mut |rams: &Rams, rows: &[u32]| lesson.keep(rams, rows);
            self.replay(encoder, rng, rate, &mut Group::default(), keep);
            self.correct(&group, &mut lesson);
        }
        let mut rng = Stream::new(self.seed, "reservoir of lessons").at(&[self.lessons]);
        lesson.change = self.reservoir.offer(image, label, &mut rng);
        self.lessons += 1;
        self.choose_bleaching_when_due(encoder);
        lesson.close();
        self.ring.push_back(lesson);
        if self.ring.len() > UNDOS {
            self.ring.pop_front();
        }
    }

    /// The rate of each copy's step. Warped copies are many: together all copies weigh as much as
    /// the shifts alone.
    fn lesson_rate(&self, copies: Copies) -> f32 {
        let learnt: u64 = self.reservoir.offered().iter().sum();
        let share = copies.shifts().count() as f32 / copies.count() as f32;
        self.settings.rate * share * HALF_RATE / (HALF_RATE + learnt as f32)
    }

    fn correct(&mut self, group: &Group, lesson: &mut Lesson) {
        let (rows, label) = (group.rows(0), lesson.label);
        for _ in 0..CORRECTIONS {
            if self.answer_at(rows, None).is(label) {
                return;
            }
            lesson.keep(&self.rams, rows);
            step(&mut self.rams, rows, usize::from(label), None, self.settings.tau, CORRECTION_RATE);
        }
    }

    fn choose_bleaching_when_due(&mut self, encoder: &Encoder) {
        let learnt: u64 = self.reservoir.offered().iter().sum();
        let is_due = learnt <= EVERY_SAMPLE || learnt.is_multiple_of(learnt / 10);
        if self.chooses_bleaching() && is_due {
            let kept = self.reservoir.samples().iter().map(|(image, label)| (image, *label));
            self.bleaching = self.best_bleaching(encoder, kept, self.copies.unwrap_or(Copies::NONE));
        }
    }

    /// Takes back the last sample that was learnt by [`Self::learn`]: counts, learnt tables and
    /// reservoir are again as they were. Returns the sample; `None` where there is none to take
    /// back.
    ///
    /// # Errors
    /// When its counts cannot be taken back. Nothing has changed then.
    pub fn undo(&mut self, encoder: &Encoder) -> Result<Option<(Digit, u8)>, NotCounted> {
        let Some(lesson) = self.ring.pop_back() else { return Ok(None) };
        let (image, label) = (lesson.image, lesson.label);
        if let Err(reason) = self.uncount(encoder, &image, label) {
            self.ring.push_back(lesson);
            return Err(reason);
        }
        self.lessons -= 1;
        self.bleaching = lesson.bleaching;
        let change = lesson.put_back(&mut self.rams);
        self.reservoir.take_back(label, change);
        Ok(Some((image, label)))
    }

    /// Takes a sample with its copies off the counts, whenever it was learnt: they are as if it had
    /// never been. Learnt tables stay as they are, and nothing can be undone afterwards.
    ///
    /// # Errors
    /// When it was never learnt, or its counts cannot be taken back. Nothing has changed then.
    pub fn unlearn(&mut self, encoder: &Encoder, image: &Digit, label: u8) -> Result<(), NotCounted> {
        self.uncount(encoder, image, label)?;
        self.reservoir.remove(image, label);
        self.ring.clear();
        Ok(())
    }

    fn uncount(&mut self, encoder: &Encoder, image: &Digit, label: u8) -> Result<(), NotCounted> {
        let (class, mut group) = (usize::from(label), Group::default());
        group.find(&self.rams, encoder, image, self.copies.unwrap_or(Copies::NONE));
        for copy in 0..group.copies() {
            if let Err(reason) = self.rams.uncount(group.rows(copy), class) {
                (0..copy).for_each(|copy| self.rams.count(group.rows(copy), class));
                return Err(reason);
            }
        }
        Ok(())
    }

    /// The number of samples that can be taken back one after another.
    pub fn undos(&self) -> usize {
        self.ring.len()
    }
}
